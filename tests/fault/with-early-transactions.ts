import { registerHooks } from 'node:module';

/** Preloaded (`node --import`), it puts a store that answers too early into an otherwise unchanged server. */
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    if (!resolved.url.endsWith('/event-store/sqlite/transactions.ts')) return resolved;
    return { ...resolved, url: new URL('./early-transactions.ts', import.meta.url).href };
  },
});
