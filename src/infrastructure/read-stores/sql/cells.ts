import type { TypeCast } from 'mysql2';

/**
 * Cells as models have them. Numbers by way of their digits: the client's own reading of fractions is not exact, and
 * whole numbers beyond 2^53 (none of a model is) stay digits. Texts may lie in columns of bytes.
 */
export const typeCast: TypeCast = (field, next) => {
  switch (field.type) {
    case 'LONGLONG':
    case 'NEWDECIMAL': {
      const digits = field.string('utf8');
      const value = Number(digits);
      return digits === null || (Number.isInteger(value) && !Number.isSafeInteger(value)) ? digits : value;
    }
    case 'DOUBLE':
    case 'FLOAT': {
      const digits = field.string('utf8');
      return digits === null ? null : Number(digits);
    }
    case 'VAR_STRING':
    case 'STRING':
    case 'BLOB':
    case 'MEDIUM_BLOB':
    case 'LONG_BLOB':
      return field.string('utf8');
    default:
      return next();
  }
};
