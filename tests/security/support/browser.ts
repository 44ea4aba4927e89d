/** An answer as a browser has it. */
export interface Shown {
  readonly status: number;
  /** Where it was when it stopped: an address that is not the server's is not gone to. */
  readonly url: URL;
  readonly text: string;
  readonly headers: Headers;
}

export interface SentForm {
  readonly action: string;
  readonly fields: URLSearchParams;
}

/** As much of a browser as signing in takes: cookies by path, redirects, and forms. */
export class Browser {
  readonly #origin: string;
  readonly #origins: readonly string[];
  #cookies: { readonly origin: string; readonly name: string; readonly value: string; readonly path: string }[] = [];
  /** `Set-Cookie` as it came. */
  readonly setCookies: string[] = [];

  /** @param others origins besides that it goes to */
  constructor(origin: string, others: readonly string[] = []) {
    this.#origin = origin;
    this.#origins = [origin, ...others];
  }

  async open(address: string | URL, init: RequestInit = {}): Promise<Shown> {
    let url = new URL(address, this.#origin);
    let request = init;
    for (let hops = 0; hops < 10; hops++) {
      if (!this.#origins.includes(url.origin)) return { status: 0, url, text: '', headers: new Headers() };
      const headers = new Headers(request.headers);
      headers.set('Accept', 'text/html');
      const { origin, pathname } = url;
      const sent = this.#cookies.filter((one) => one.origin === origin && pathname.startsWith(one.path));
      if (sent.length > 0) headers.set('Cookie', sent.map(({ name, value }) => `${name}=${value}`).join('; '));
      const answer = await fetch(url, { ...request, headers, redirect: 'manual' });
      for (const cookie of answer.headers.getSetCookie()) this.#take(cookie, url);
      const location = answer.headers.get('location');
      const text = await answer.text();
      if (answer.status < 300 || answer.status >= 400 || location === null) {
        return { status: answer.status, url, text, headers: answer.headers };
      }
      url = new URL(location, url);
      request = {};
    }
    throw new Error('there is no end to the redirects');
  }

  submit({ action, fields }: SentForm, headers: Record<string, string> = {}): Promise<Shown> {
    return this.open(action, { method: 'POST', body: fields, headers: { Origin: this.#origin, ...headers } });
  }

  #take(cookie: string, from: URL): void {
    this.setCookies.push(cookie);
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? from.pathname;
    const { origin } = from;
    this.#cookies = this.#cookies.filter((one) => one.origin !== origin || one.name !== name || one.path !== path);
    const over = attributes.some((one) => /^(expires=Thu, 01 Jan 1970|max-age=0$)/i.test(one));
    if (!over && value !== '') this.#cookies.push({ origin, name, value, path });
  }
}

/** The one form of a page, filled in as it came, with what the user typed or ticked. */
export function formOf({ text, url }: Shown, typed: Readonly<Record<string, string>>): SentForm {
  const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1];
  if (action === undefined) throw new Error(`no form at ${url.href}: ${text.slice(0, 500)}`);
  const fields = new URLSearchParams();
  for (const [input] of text.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    const value = /value="([^"]*)"/.exec(input)?.[1];
    if (name !== undefined && value !== undefined) fields.append(name, value);
  }
  for (const [name, value] of Object.entries(typed)) fields.set(name, value);
  return { action: new URL(action, url).href, fields };
}

/** Signs in and allows what is asked for. @returns the address that the client's user is sent to */
export async function signInAndAllow(
  browser: Browser,
  address: string | URL,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<URL> {
  const login = await browser.open(address);
  const consent = await browser.submit(formOf(login, { username, password, answer: 'login' }));
  const done = await browser.submit(formOf(consent, { answer: 'consent' }));
  if (done.status !== 0) throw new Error(`${done.status} ${done.url.href}: ${done.text.slice(0, 2000)}`);
  return done.url;
}
