import { personAtAddress, personInData } from '../domain/privacy/persons.ts';
import { sealedFieldsOf } from '../domain/registry.ts';
import type { PersonalRules } from '../ports/personal-data.ts';

/** Which data of the product's events is about whom. */
export const personalRules: PersonalRules = { fieldsOf: sealedFieldsOf, personInData, personAtAddress };
