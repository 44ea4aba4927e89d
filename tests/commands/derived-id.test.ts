import fc from 'fast-check';
import { v5, v7 } from 'uuid';
import { expect, it } from 'vitest';
import { derivedId } from '../../src/commands/derived-id.ts';

it('a derived id is the version 5 UUID of RFC 9562', () => {
  // The example of RFC 9562, appendix A.4: "www.example.com" in the DNS namespace.
  expect(derivedId('www.example.com', '6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe(
    '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const namespace = v7();
      expect(derivedId(name.toWellFormed(), namespace)).toBe(v5(name.toWellFormed(), namespace));
    }),
  );
});
