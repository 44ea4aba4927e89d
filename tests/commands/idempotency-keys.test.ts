import { describe, expect, it } from 'vitest';
import type { Claim } from '../../src/commands/idempotency.ts';
import { createIdempotencyKeys } from '../../src/commands/idempotency.ts';
import type { RecordedAnswer } from '../../src/domain/idempotency/decider.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { StoreUnavailable } from '../../src/ports/unavailable.ts';
import { newCommand, openCommandSide, principal, refusal } from './harness.ts';

const answer: RecordedAnswer = { status: 201, headers: { location: '/x' }, body: { inline: { id: 'x' } } };
const request = 'POST /api/v1/mcps {"name":"weather"}';

function claimed(claim: Claim): Extract<Claim, { status: 'claimed' }> {
  if (claim.status !== 'claimed') throw new Error('this key is answered');
  return claim;
}

describe('an idempotency key', () => {
  it('makes a new request the command that it came as', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    const context = newCommand();
    const claim = claimed(await keys.claim(context, 'k1', request));
    expect(claim.commandId).toBe(context.commandId);
    expect(await side.told()).toEqual(['idempotency: IdempotencyKeyClaimed']);
  });

  it('gives the same request the same answer, also in another process', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    await claimed(await keys.claim(newCommand(), 'k1', request)).answer(answer);
    for (const each of [keys, createIdempotencyKeys(side.elsewhere())]) {
      expect(await each.claim(newCommand(), 'k1', request)).toEqual({ status: 'answered', answer });
    }
    expect(await side.log()).toHaveLength(2);
  });

  it('is refused to another request, while the first runs and afterwards', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    const claim = claimed(await keys.claim(newCommand(), 'k1', request));
    await refusal(keys.claim(newCommand(), 'k1', 'POST /other'), 'invalid', 'idempotency_key_reused');
    await claim.answer(answer);
    await refusal(keys.claim(newCommand(), 'k1', 'POST /other'), 'invalid', 'idempotency_key_reused');
  });

  it('is still running for the same request until there is an answer', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    await keys.claim(newCommand(), 'k1', request);
    await refusal(keys.claim(newCommand(), 'k1', request), 'conflict', 'request_in_progress');
  });

  it('lets one of many equal requests in that come at the same moment', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    const claims = await Promise.allSettled(Array.from({ length: 10 }, () => keys.claim(newCommand(), 'k1', request)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const claim of claims) {
      if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: 'request_in_progress' });
    }
  });

  it('lets no second request in before the first has heard that the key is its own', async () => {
    const side = await openCommandSide();
    const second: Promise<unknown>[] = [];
    const store: EventStore = {
      ...side.store,
      async append(stream, expectedRevision, events) {
        const result = await side.store.append(stream, expectedRevision, events);
        if (second.length > 0) return result;
        // The log has the claim, and its claimant has not been told yet.
        second.push(keys.claim(newCommand(), 'k1', request));
        await Promise.allSettled(second);
        return result;
      },
    };
    const keys = createIdempotencyKeys(side.elsewhere(store));
    claimed(await keys.claim(newCommand(), 'k1', request));
    for (const attempt of second) await refusal(attempt, 'conflict', 'request_in_progress');
    expect(second).toHaveLength(1);
    expect(await side.told()).toEqual(['idempotency: IdempotencyKeyClaimed']);
  });

  it('left by a process that is gone is taken over, as the same command', async () => {
    const side = await openCommandSide();
    const first = newCommand();
    await createIdempotencyKeys(side.deps).claim(first, 'k1', request);
    const keys = createIdempotencyKeys(side.elsewhere());
    const claim = claimed(await keys.claim(newCommand(), 'k1', request));
    expect(claim.commandId).toBe(first.commandId);
    await refusal(keys.claim(newCommand(), 'k1', request), 'conflict', 'request_in_progress');
    await refusal(keys.claim(newCommand(), 'k1', 'POST /other'), 'invalid', 'idempotency_key_reused');
    await claim.answer(answer);
    expect(await keys.claim(newCommand(), 'k1', request)).toEqual({ status: 'answered', answer });
  });

  it('left by a process that is gone is taken over by one of many', async () => {
    const side = await openCommandSide();
    await createIdempotencyKeys(side.deps).claim(newCommand(), 'k1', request);
    const keys = createIdempotencyKeys(side.elsewhere());
    const claims = await Promise.allSettled(Array.from({ length: 4 }, () => keys.claim(newCommand(), 'k1', request)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('that was released lets the next one try again, as the same command', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    const first = newCommand();
    claimed(await keys.claim(first, 'k1', request)).release();
    const second = claimed(await keys.claim(newCommand(), 'k1', request));
    expect(second.commandId).toBe(first.commandId);
    await refusal(keys.claim(newCommand(), 'k1', request), 'conflict', 'request_in_progress');
    await second.answer(answer);
    expect(await keys.claim(newCommand(), 'k1', request)).toEqual({ status: 'answered', answer });
  });

  it('released by who no longer has it stays with who has', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    const first = claimed(await keys.claim(newCommand(), 'k1', request));
    first.release();
    await keys.claim(newCommand(), 'k1', request);
    first.release();
    await refusal(keys.claim(newCommand(), 'k1', request), 'conflict', 'request_in_progress');
  });

  it('whose answer could not be kept lets the next one try again, as the same command', async () => {
    const side = await openCommandSide();
    let away = false;
    const store: EventStore = {
      ...side.store,
      append: (...args) =>
        away ? Promise.reject(new StoreUnavailable('the disk is full')) : side.store.append(...args),
    };
    const keys = createIdempotencyKeys(side.elsewhere(store));
    const first = newCommand();
    const claim = claimed(await keys.claim(first, 'k1', request));
    away = true;
    await expect(claim.answer(answer)).rejects.toBeInstanceOf(StoreUnavailable);
    away = false;
    expect(claimed(await keys.claim(newCommand(), 'k1', request)).commandId).toBe(first.commandId);
  });

  it('is each principal’s own', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    await keys.claim(newCommand(), 'k1', request);
    const other = newCommand({ principal: { ...principal('admin'), actor: 'user:u2' } });
    expect(claimed(await keys.claim(other, 'k1', 'POST /other')).commandId).toBe(other.commandId);
  });

  it('does not tell its text or the request in the log', async () => {
    const side = await openCommandSide();
    const keys = createIdempotencyKeys(side.deps);
    await claimed(await keys.claim(newCommand(), 'very-private-key', request)).answer(answer);
    const log = JSON.stringify(await side.log());
    expect(log).not.toContain('very-private-key');
    expect(log).not.toContain('weather');
  });
});
