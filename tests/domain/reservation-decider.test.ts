import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  reservationDecider,
  type ReservationCommand,
  type ReservationEvent,
  type ReservationState,
} from '../../src/domain/reservation/decider.ts';
import { accepted, scenariosOf } from './given.ts';

const given = scenariosOf(reservationDecider);

const reserve = (owner: string): ReservationCommand => ({
  type: 'ReserveName',
  owner,
  name: 'Weather',
  pointer: '/name',
});
const release = (owner: string): ReservationCommand => ({ type: 'ReleaseName', owner });
const reserved = (owner: string): ReservationEvent => ({ type: 'NameReserved', data: { owner } });
const released = (owner: string): ReservationEvent => ({ type: 'NameReleased', data: { owner } });

describe('a reservation of a name', () => {
  it('gives a free name to who asks', () => {
    given([])
      .when(reserve('mcp-1'))
      .then([reserved('mcp-1')]);
  });

  it('refuses a name that another has, and points at it', () => {
    const { faults, message } = given([reserved('mcp-1')])
      .when(reserve('mcp-2'))
      .thenRejects('conflict', 'name_taken');
    expect(faults).toEqual([{ pointer: '/name', detail: 'is taken' }]);
    expect(message).toContain('"Weather"');
  });

  it('has nothing to do when the owner reserves again', () => {
    given([reserved('mcp-1')])
      .when(reserve('mcp-1'))
      .then([]);
  });

  it('frees the name when its owner releases it', () => {
    given([reserved('mcp-1')])
      .when(release('mcp-1'))
      .then([released('mcp-1')]);
  });

  it('lets nobody release what another has', () => {
    given([reserved('mcp-1')])
      .when(release('mcp-2'))
      .then([]);
  });

  it('has nothing to release when the name is free', () => {
    given([]).when(release('mcp-1')).then([]);
    given([reserved('mcp-1'), released('mcp-1')])
      .when(release('mcp-1'))
      .then([]);
  });

  it('gives a released name to the next who asks', () => {
    given([reserved('mcp-1'), released('mcp-1')])
      .when(reserve('mcp-2'))
      .then([reserved('mcp-2')]);
  });

  it('never has two owners, whatever is asked of it', () => {
    const owner = fc.constantFrom('a', 'b', 'c');
    const command = fc.oneof(owner.map(reserve), owner.map(release));
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let state: ReservationState = reservationDecider.initialState;
        const holders = new Set<string>();
        for (const next of commands) {
          for (const event of accepted(reservationDecider, next, state) ?? []) {
            if (event.type === 'NameReserved') holders.add(event.data.owner);
            else expect(holders.delete(event.data.owner), 'only a holder releases').toBe(true);
            expect(holders.size).toBeLessThanOrEqual(1);
            state = reservationDecider.evolve(state, event);
          }
          expect(state.status === 'reserved' ? [state.owner] : []).toEqual([...holders]);
        }
      }),
    );
  });
});
