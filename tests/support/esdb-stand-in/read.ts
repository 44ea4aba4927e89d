import { once } from 'node:events';
import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { invalidPosition, streamDeleted } from './failures.ts';
import type { Stored } from './log.ts';
import { nameOf, type ServiceContext } from './service-context.ts';
import { gate } from './switches.ts';

type Request = InstanceType<typeof streams.ReadReq>;
type Response = InstanceType<typeof streams.ReadResp>;
type Options = InstanceType<typeof streams.ReadReq.Options>;
type Call = ServerWritableStream<Request, Response>;

const { BACKWARDS } = streams.ReadReq.Options.ReadDirection;

/** `Read`: a stream or the whole log, forward or backward, once or for ever. */
export function read(context: ServiceContext): handleServerStreamingCall<Request, Response> {
  return (call) => {
    call.on('error', () => undefined);
    void (async () => {
      const stopped = await gate(context.switches, call.metadata.get('requires-leader').length > 0);
      if (stopped === 'silence') return;
      if (stopped !== undefined) return void call.emit('error', stopped);
      const options = call.request.getOptions();
      if (options === undefined) throw new Error('a read without options');
      if (options.hasSubscription()) return subscribe(context, call, options);
      const name = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined;
      if (name !== undefined && context.log.isDeleted(name)) return void call.emit('error', streamDeleted(name));
      const responses = options.hasStream() ? readStream(context, options) : readAll(context, options);
      if (responses === undefined) return void call.emit('error', invalidPosition());
      for (const response of responses) if (!(await send(call, response))) return;
      call.end();
    })();
  };
}

function readStream({ log, traits }: ServiceContext, options: Options): Response[] {
  const asked = options.getStream();
  const name = nameOf(asked?.getStreamIdentifier());
  const there = log.stream(name);
  if (there.length === 0) {
    const missing = new streams.ReadResp.StreamNotFound();
    missing.setStreamIdentifier(asked?.getStreamIdentifier());
    return [new streams.ReadResp().setStreamNotFound(missing)];
  }
  const count = Number(options.getCount());
  const backward = options.getReadDirection() === BACKWARDS;
  const from = asked?.hasStart() ? 0 : asked?.hasEnd() ? there.length - 1 : Number(asked?.getRevision());
  const events = backward
    ? there.slice(Math.max(0, from + 1 - count), from + 1).reverse()
    : there.slice(from, from + count);
  return events.map((event) => responseOf(event, traits.streamReadsTellPositions));
}

/** Forward from the position on, backward from before it; undefined when no record begins there. */
function readAll({ log }: ServiceContext, options: Options): Response[] | undefined {
  const all = options.getAll();
  const count = Number(options.getCount());
  const asked = Number(all?.getPosition()?.getCommitPosition());
  const at = all?.hasStart() ? 0 : all?.hasEnd() ? log.events.length : log.indexOf(asked);
  if (all?.hasPosition() && log.events[at]?.position !== asked) return undefined;
  const events =
    options.getReadDirection() === BACKWARDS
      ? log.events.slice(Math.max(0, at - count), at).reverse()
      : log.events.slice(at, at + count);
  return events.map((event) => responseOf(event, true));
}

/** Everything after the position, then what comes, with checkpoints where a filter leaves much out. */
async function subscribe({ log, traits }: ServiceContext, call: Call, options: Options): Promise<void> {
  const all = options.getAll();
  if (all === undefined) throw new Error('the stand-in has subscriptions to $all only');
  const asked = Number(all.getPosition()?.getCommitPosition());
  let next = all.hasStart() ? 0 : all.hasEnd() ? log.events.length : log.indexOf(asked);
  if (all.hasPosition()) {
    if (log.events[next]?.position !== asked) return void call.emit('error', invalidPosition());
    next++;
  }
  const admits = filterOf(options);
  const filter = options.getFilter();
  const interval = (filter?.getMax() || 32) * (filter?.getCheckpointintervalmultiplier() || 1);
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(crypto.randomUUID());
  if (!(await send(call, new streams.ReadResp().setConfirmation(confirmation)))) return;
  let toldCaughtUp = false;
  let considered = 0;
  while (!call.cancelled && !call.destroyed) {
    const event = log.events[next];
    if (event === undefined) {
      if (traits.caughtUp && !toldCaughtUp) {
        toldCaughtUp = true;
        if (!(await send(call, new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())))) return;
        continue;
      }
      await nextAppend(log, call);
      continue;
    }
    next++;
    if (admits(event) && !(await send(call, responseOf(event, true)))) return;
    if (filter !== undefined && ++considered % interval === 0) {
      const checkpoint = new streams.ReadResp.Checkpoint();
      checkpoint.setCommitPosition(String(event.position)).setPreparePosition(String(event.position));
      if (!(await send(call, new streams.ReadResp().setCheckpoint(checkpoint)))) return;
    }
  }
}

function nextAppend(log: ServiceContext['log'], call: Call): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      call.off('cancelled', done);
      call.off('close', done);
      resolve();
    };
    const stop = log.onAppend(done);
    call.once('cancelled', done);
    call.once('close', done);
  });
}

function filterOf(options: Options): (event: Stored) => boolean {
  const filter = options.getFilter();
  if (filter === undefined) return () => true;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  const subject = (event: Stored): string => (byStream === undefined ? event.type : event.stream);
  const regex = expression?.getRegex() ?? '';
  if (regex !== '') return (event) => new RegExp(regex).test(subject(event));
  return (event) => (expression?.getPrefixList() ?? []).some((prefix) => subject(event).startsWith(prefix));
}

/** Waits while the client is slow. @returns whether it is still there */
async function send(call: Call, response: Response): Promise<boolean> {
  if (call.cancelled || call.destroyed) return false;
  if (call.write(response)) return true;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  call.once('cancelled', leave);
  call.once('close', leave);
  await once(call, 'drain', { signal: gone.signal }).catch(() => undefined);
  call.off('cancelled', leave);
  call.off('close', leave);
  return !gone.signal.aborted;
}

/** Before 22.6 the server told no position of events read from a stream, which it writes as -1 in 64 bits. */
function responseOf(event: Stored, tellPosition: boolean): Response {
  const position = tellPosition ? String(event.position) : '18446744073709551615';
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(event.stream)))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setCustomMetadata(event.metadata)
    .setData(event.data);
  // Ticks of 100 ns.
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType);
  recorded.getMetadataMap().set('created', String(BigInt(event.created) * 10_000n));
  const readEvent = new streams.ReadResp.ReadEvent();
  readEvent.setEvent(recorded);
  if (tellPosition) readEvent.setCommitPosition(position);
  else readEvent.setNoPosition(new shared.Empty());
  return new streams.ReadResp().setEvent(readEvent);
}
