import { hash } from 'node:crypto';
import { securityHeaders, type Headers } from '../middleware/security-headers.ts';
import { describeScope } from './scopes.ts';

export interface Page {
  readonly html: string;
  readonly headers: Headers;
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}
label,input,button{display:block;font:inherit}input{box-sizing:border-box;width:100%;margin:0 0 1rem;padding:.4rem}
input[type=checkbox]{display:inline;width:auto;margin:0 .5rem 0 0}button{display:inline-block;margin:1rem .5rem 0 0;padding:.4rem 1rem}
ul{list-style:none;padding:0}code{font-size:.9em;overflow-wrap:anywhere}.fault{color:#a00}`;
const styleHash = `'sha256-${hash('sha256', style, 'base64')}'`;

/** What a form goes back with, so that no other page can send it. */
export interface FormProof {
  readonly action: string;
  readonly proof: string;
  /** Where the answer may lead in the end: a browser holds a form's redirects to the policy as well. */
  readonly leadsTo: string;
}

/** Asks for user name and password. */
export function loginPage(client: string, form: FormProof, fault?: string): Page {
  return page(
    'Sign in',
    `<h1>Sign in</h1>
<p><strong>${escape(client)}</strong> asks for access to Annals. Sign in to see what it asks for.</p>
${fault === undefined ? '' : `<p class="fault" role="alert">${escape(fault)}</p>`}
<form method="post" action="${escape(form.action)}">
<input type="hidden" name="proof" value="${escape(form.proof)}">
<label for="username">User name</label><input id="username" name="username" autocomplete="username" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button name="answer" value="login">Sign in</button>
<button name="answer" value="abort" formnovalidate>Cancel</button>
</form>`,
    form,
  );
}

export interface ConsentAsked {
  readonly client: string;
  /** Who vouches for the name: nobody, or the host that its metadata document is on. */
  readonly vouchedBy: string | undefined;
  readonly username: string;
  readonly redirectTo: string;
  readonly scopes: readonly string[];
}

/** Asks what of what it wants a client may have. */
export function consentPage({ client, vouchedBy, username, redirectTo, scopes }: ConsentAsked, form: FormProof): Page {
  const rows = scopes.map(
    (scope) =>
      `<li><label><input type="checkbox" name="scope" value="${escape(scope)}" checked>${escape(describeScope(scope))} <code>${escape(scope)}</code></label></li>`,
  );
  const who =
    vouchedBy === undefined
      ? 'It says itself that this is its name; nobody has checked it.'
      : `It is published by ${escape(vouchedBy)}.`;
  return page(
    'Allow access',
    `<h1>Allow access?</h1>
<p><strong>${escape(client)}</strong> asks to act for you, <strong>${escape(username)}</strong>. ${who}</p>
<p>You will be sent to <code>${escape(redirectTo)}</code>.</p>
<form method="post" action="${escape(form.action)}">
<input type="hidden" name="proof" value="${escape(form.proof)}">
<ul>${rows.join('\n')}</ul>
<button name="answer" value="consent">Allow</button>
<button name="answer" value="abort">Refuse</button>
</form>`,
    form,
  );
}

/** Tells what went wrong where there is nobody to send the browser back to. */
export function errorPage(error: string, description: string): Page {
  return page(
    'Not possible',
    `<h1>This did not work</h1>\n<p>${escape(description)}</p>\n<p><code>${escape(error)}</code></p>`,
  );
}

function page(title: string, body: string, form?: FormProof): Page {
  const headers = securityHeaders({
    defaultSrc: ["'none'"],
    styleSrc: [styleHash],
    formAction: form === undefined ? ["'none'"] : ["'self'", form.leadsTo],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  });
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} · Annals</title><style>${style}</style></head>
<body>
${body}
</body></html>
`;
  return { html, headers: { ...headers, 'Cache-Control': 'no-store' } };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
