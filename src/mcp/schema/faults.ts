import type { ErrorObject } from 'ajv';
import type { InputFault } from '../../domain/error.ts';

const MAX_FAULTS = 50;
const MAX_DETAIL = 300;

/** What Ajv found, as faults at the place where something has to change. Each once, at most fifty. */
export function faultsOf(errors: readonly ErrorObject[]): readonly InputFault[] {
  const faults = new Map<string, InputFault>();
  // That a conditional failed says nothing that its branch does not say better.
  const telling = errors.length === 1 ? errors : errors.filter(({ keyword }) => keyword !== 'if');
  for (const error of telling) {
    if (faults.size >= MAX_FAULTS) break;
    const fault = faultOf(error);
    faults.set(`${fault.pointer} ${fault.detail}`, fault);
  }
  return [...faults.values()];
}

function faultOf({ keyword, instancePath, params, message }: ErrorObject): InputFault {
  const named = params as Readonly<Record<string, unknown>>;
  const at = (name: unknown): string => `${instancePath}/${escapeToken(String(name))}`;
  switch (keyword) {
    case 'required':
      return { pointer: at(named['missingProperty']), detail: 'is required' };
    case 'dependencies':
    case 'dependentRequired':
      return { pointer: at(named['missingProperty']), detail: `is required with ${JSON.stringify(named['property'])}` };
    case 'additionalProperties':
      return { pointer: at(named['additionalProperty']), detail: 'is not a known field' };
    case 'unevaluatedProperties':
      return { pointer: at(named['unevaluatedProperty']), detail: 'is not a known field' };
    case 'enum':
      return { pointer: instancePath, detail: shorten(`must be one of ${list(named['allowedValues'])}`) };
    case 'const':
      return { pointer: instancePath, detail: shorten(`must be ${JSON.stringify(named['allowedValue'])}`) };
    case 'false schema':
      return { pointer: instancePath, detail: 'is not allowed' };
    default:
      return { pointer: instancePath, detail: shorten(message ?? `does not fit ${keyword}`) };
  }
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : 'the known values';
}

function shorten(text: string): string {
  return text.length <= MAX_DETAIL ? text : `${text.slice(0, MAX_DETAIL)}…`;
}

function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}
