const texts = new WeakMap<object, string>();

/** The JSON text of an answer, made once for as long as the answer itself is kept. The answer must not change. */
export function jsonText(answer: object): string {
  let text = texts.get(answer);
  if (text === undefined) {
    text = JSON.stringify(answer);
    texts.set(answer, text);
  }
  return text;
}
