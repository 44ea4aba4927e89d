import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { accessDenied, notLeader, timedOut, unavailable } from './failures.ts';

/** What a test turns on to make the stand-in misbehave. All of it may be changed while it runs. */
export interface Switches {
  /** Every call is answered so much later. */
  delayMs: number;
  /** Calls that require the leader are sent there. */
  leader: { readonly host: string; readonly port: number } | undefined;
  /** So many appends are written, and the connections cut before they are answered. */
  loseAnswers: number;
  /** So many appends are written and answered as timed out. */
  timeOutAfterWriting: number;
  /** So many appends are answered as unavailable and not written. */
  failAppends: number;
  /** Nothing is answered at all. */
  silent: boolean;
  /** The next append is written, and from then on nothing is answered at all. */
  silentAfterWriting: boolean;
  denyAccess: boolean;
  /** Bytes of data that one append may have. */
  maxAppendSize: number;
  /** A wrong revision is told as an exception in the trailers, as some calls of the server do, and not as a result. */
  wrongVersionAsException: boolean;
}

export function noSwitches(): Switches {
  return {
    delayMs: 0,
    leader: undefined,
    loseAnswers: 0,
    timeOutAfterWriting: 0,
    failAppends: 0,
    silent: false,
    silentAfterWriting: false,
    denyAccess: false,
    maxAppendSize: 1024 * 1024,
    wrongVersionAsException: false,
  };
}

/** What a call meets before anything else: nothing, a failure, or no answer ever. */
export async function gate(switches: Switches, requiresLeader: boolean): Promise<ServiceError | 'silence' | undefined> {
  if (switches.delayMs > 0) await delay(switches.delayMs);
  if (switches.silent) return 'silence';
  if (switches.denyAccess) return accessDenied();
  if (requiresLeader && switches.leader !== undefined) return notLeader(switches.leader);
  return undefined;
}

/** What an append meets before it is written. */
export function beforeWriting(switches: Switches): ServiceError | undefined {
  if (switches.failAppends <= 0) return undefined;
  switches.failAppends--;
  return unavailable();
}

/** What an append meets after it was written. */
export function afterWriting(switches: Switches): ServiceError | 'cut' | 'silence' | undefined {
  if (switches.silentAfterWriting) {
    switches.silent = true;
    return 'silence';
  }
  if (switches.loseAnswers > 0) {
    switches.loseAnswers--;
    return 'cut';
  }
  if (switches.timeOutAfterWriting <= 0) return undefined;
  switches.timeOutAfterWriting--;
  return timedOut();
}
