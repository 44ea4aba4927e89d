import { describe, expect, it } from 'vitest';
import { heard, until } from './helpers.ts';
import type { CoordinationUnderTest } from './suite.ts';

export function channelsContract(underTest: () => CoordinationUnderTest): void {
  const here = () => underTest().first.channels;
  const there = () => underTest().second.channels;

  describe('a channel', () => {
    it('brings messages to all who listen, the sender included, in the order of the sender', async () => {
      const [mine, theirs, elsewhere] = [heard(), heard(), heard()];
      const subscription = await here().subscribe('models', mine);
      await there().subscribe('models', theirs);
      await there().subscribe('other', elsewhere);
      expect(subscription.live()).toBe(true);
      const sent = Array.from({ length: 50 }, (_, n) => `mcps@${n} 你好`);
      for (const text of sent) expect(await here().publish('models', text)).toBe(true);
      await until(() => expect([mine.messages, theirs.messages]).toEqual([sent, sent]));
      expect(elsewhere.messages).toEqual([]);
    });

    it('keeps nothing for those who come later', async () => {
      const early = heard();
      const late = heard();
      await here().subscribe('models', early);
      await here().publish('models', 'before');
      await until(() => expect(early.messages).toEqual(['before']));
      await here().subscribe('models', late);
      await here().publish('models', 'after');
      await until(() => expect(late.messages).toEqual(['after']));
    });

    it('brings nothing more to one who has stopped listening, and goes on for the others', async () => {
      const [leaving, staying] = [heard(), heard()];
      const subscription = await here().subscribe('models', leaving);
      const other = await here().subscribe('models', staying);
      subscription.close();
      expect(subscription.live()).toBe(false);
      expect(other.live()).toBe(true);
      await there().publish('models', 'on');
      await until(() => expect(staying.messages).toEqual(['on']));
      expect(leaving.messages).toEqual([]);
    });

    it('can be listened to again after the last has left', async () => {
      const again = heard();
      (await here().subscribe('models', heard())).close();
      const subscription = await here().subscribe('models', again);
      expect(subscription.live()).toBe(true);
      await there().publish('models', 'on');
      await until(() => expect(again.messages).toEqual(['on']));
    });

    it('is not held up by a listener that fails, which is logged', async () => {
      const after = heard();
      await here().subscribe('models', {
        gap: () => undefined,
        message: () => {
          throw new Error('cannot listen');
        },
      });
      await here().subscribe('models', after);
      await there().publish('models', 'on');
      await until(() => expect(after.messages).toEqual(['on']));
      const { lines } = underTest().logger;
      expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
        'a listener failed',
      ]);
    });
  });
}
