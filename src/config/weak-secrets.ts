const exampleWords =
  /change.?(me|this|it)|your.{0,20}(secret|key|password|token)|example|placeholder|replace.?(me|this|with)|default|insecure|not.?(so.)?secret|super.?secret|secret.?key|my.?secret|test.?secret|dev.?(secret|only)|token_urlsafe|openssl.rand/i;

const commonPasswords =
  /^(admin|administrator|annals|root|guest|test|user|pass|passwd|password|passw0rd|p@ssw0rd|letmein|welcome|qwerty|qwertyuiop|iloveyou|secret|master|login|changeit|abc|asdfgh|asdfghjkl)*[\d\W_]*$/i;

/** Why a text cannot serve as a key, or undefined when nothing speaks against it. Never repeats the text. */
export function weaknessOfSecret(text: string, minimumBytes: number): string | undefined {
  const bytes = Buffer.byteLength(text);
  if (bytes < minimumBytes) return `is ${bytes} bytes long; at least ${minimumBytes} are needed`;
  if (exampleWords.test(text)) return 'looks like an example from a document';
  if (/^(.{1,16})\1+.{0,16}$/s.test(text) || new Set(text).size < 8) return 'repeats itself; it must be random';
  return undefined;
}

/** The same for a password that a person may type. */
export function weaknessOfPassword(text: string, minimumCharacters: number): string | undefined {
  const characters = [...text].length;
  if (characters < minimumCharacters) {
    return `is ${characters} characters long; at least ${minimumCharacters} are needed`;
  }
  if (exampleWords.test(text) || commonPasswords.test(text)) return 'is an example or a very common password';
  if (new Set(text).size < 5) return 'repeats itself';
  return undefined;
}
