/** Keywords that tell people something and refuse no value. `format` is not here: validators in use do check it. */
const annotations = new Set([
  '$comment',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
  'default',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
]);

/** Keywords that only matter through the references that use them. */
const declarations = new Set([
  '$anchor',
  '$defs',
  '$dynamicAnchor',
  '$id',
  '$recursiveAnchor',
  '$schema',
  '$vocabulary',
  'definitions',
]);

export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword) || keyword.startsWith('x-');
}

/** Whether a keyword by itself refuses no value. */
export function isSilent(keyword: string): boolean {
  return isAnnotation(keyword) || declarations.has(keyword);
}
