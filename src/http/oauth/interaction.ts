import { timingSafeEqual } from 'node:crypto';
import { errors, type Provider } from 'oidc-provider';
import { checkPassword } from '../../commands/sessions.ts';
import { loadUser, userIdByName } from '../../commands/users.ts';
import { DomainError } from '../../domain/error.ts';
import { HttpProblem } from '../problem/http-problem.ts';
import type { RequestContext } from '../route/request-context.ts';
import { guarded } from '../routes/login-attempt.ts';
import type { RouteParts } from '../routes/parts.ts';
import { signInEpoch } from './sign-ins.ts';
import { asReached } from './as-reached.ts';
import { readForm, type Form } from './form.ts';
import { consentPage, errorPage, loginPage, type FormProof, type Page } from './pages.ts';

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

/** A step of a sign-in: who is asked, about which client, and how the form comes back. */
interface Step {
  readonly provider: Provider;
  readonly details: Details;
  readonly client: { readonly name: string; readonly vouchedBy: string | undefined };
  readonly form: FormProof;
}

/** A page, or a way to send the browser on. */
export type Shown = { readonly status: number; readonly page: Page } | { readonly sendOn: () => Promise<void> };

/** Shows the step at which a sign-in stands. */
export async function showStep(parts: RouteParts, context: RequestContext): Promise<Shown> {
  const step = await stepOf(parts, context);
  return 'page' in step ? step : { status: 200, page: await pageOf(parts, step) };
}

/** Takes the answer to a step, and sends the browser on. */
export async function answerStep(parts: RouteParts, context: RequestContext): Promise<Shown> {
  const { request } = context;
  const step = await stepOf(parts, context);
  if ('page' in step) return step;
  const form = await readForm(request);
  if (!isOwnForm(parts, context, step, form)) {
    return { status: 403, page: errorPage('forged_form', 'This form did not come from this page. Begin again.') };
  }
  const answer = form.get('answer');
  if (answer === 'abort') {
    return finish(step, context, { error: 'access_denied', error_description: 'the user refused' });
  }
  return step.details.prompt.name === 'login' ? logInHere(parts, context, step, form) : consent(context, step, form);
}

async function logInHere(parts: RouteParts, context: RequestContext, step: Step, form: Form): Promise<Shown> {
  const {
    commands,
    logins,
    coordination: { cache },
  } = parts;
  const [username, password] = [form.get('username') ?? '', form.get('password') ?? ''];
  try {
    const login = await guarded(logins, username, context, async () => {
      // Before the password is checked: whoever ends every access meanwhile ends this one.
      const acr = await signInEpoch({ commands, cache }, (await userIdByName(commands, username)) ?? '');
      const accountId = await checkPassword(commands, context.command(), username, password);
      return { accountId, remember: false, acr };
    });
    return finish(step, context, { login });
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'unauthenticated') {
      return { status: 401, page: loginPage(step.client.name, step.form, 'The user name or the password is wrong.') };
    }
    if (error instanceof HttpProblem && error.status === 429) {
      return { status: 429, page: loginPage(step.client.name, step.form, 'Too many attempts. Try again later.') };
    }
    throw error;
  }
}

async function consent(context: RequestContext, step: Step, form: Form): Promise<Shown> {
  const { provider, details } = step;
  const { session, params, grantId } = details;
  const accountId = session?.accountId;
  if (session === undefined || accountId === undefined) return signInOver();
  const clientId = String(params['client_id']);
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId, clientId });
  const allowed = new Set(form.all('scope'));
  const asked = askedOf(details);
  for (const [resource, scopes] of Object.entries(asked)) {
    const [yes, no] = [scopes.filter((scope) => allowed.has(scope)), scopes.filter((scope) => !allowed.has(scope))];
    if (yes.length > 0) grant.addResourceScope(resource, yes.join(' '));
    if (no.length > 0) grant.rejectResourceScope(resource, no.join(' '));
  }
  const saved = await grant.save();
  // Who ended every access while this was on its way may not have seen the grant.
  if (!(await provider.Session.findByUid(session.uid))) {
    await grant.destroy();
    return signInOver();
  }
  return finish(step, context, { consent: { grantId: saved } });
}

function finish(
  { provider }: Step,
  { request, response }: RequestContext,
  result: Parameters<Provider['interactionFinished']>[2],
): Shown {
  const sendOn = () => provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  return { sendOn };
}

/** The step that the browser's cookie names, provided that the address names the same. */
async function stepOf(
  parts: RouteParts,
  { request, response }: RequestContext,
): Promise<Step | Extract<Shown, { page: Page }>> {
  const provider = parts.oauth.provider();
  asReached(request, parts.oauth.addresses().origin);
  try {
    const details = await provider.interactionDetails(request, response);
    if (details.uid !== request.params['uid']) throw new errors.SessionNotFound('another sign-in');
    const clientId = String(details.params['client_id']);
    const { clientName } = (await provider.Client.find(clientId)) ?? {};
    const published = URL.canParse(clientId) ? new URL(clientId).host : undefined;
    return {
      provider,
      details,
      client: { name: clientName ?? published ?? clientId, vouchedBy: published },
      form: {
        action: `${new URL(parts.oauth.addresses().issuer).pathname}/interaction/${details.uid}`,
        proof: proofOf(parts, details),
        leadsTo: sourceOf(String(details.params['redirect_uri'])),
      },
    };
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    return signInOver();
  }
}

function signInOver(): Extract<Shown, { page: Page }> {
  const page = errorPage('session_not_found', 'This sign-in is over, or began in another browser. Begin again.');
  return { status: 400, page };
}

async function pageOf({ commands }: RouteParts, { details, client, form }: Step): Promise<Page> {
  if (details.prompt.name === 'login') return loginPage(client.name, form);
  const { username } = await loadUser(commands, details.session?.accountId ?? '');
  const scopes = [...new Set(Object.values(askedOf(details)).flat())];
  const redirectTo = String(details.params['redirect_uri']);
  return consentPage({ client: client.name, vouchedBy: client.vouchedBy, username, redirectTo, scopes }, form);
}

/** Resource -> scopes that the client asks for and the grant does not say anything of yet. */
function askedOf({ prompt }: Details): Readonly<Record<string, readonly string[]>> {
  return (prompt.details['missingResourceScopes'] ?? {}) as Readonly<Record<string, readonly string[]>>;
}

/** Only who was shown the form knows it, and it is good for this step of this sign-in alone. */
function proofOf({ commands }: RouteParts, { uid, prompt }: Details): string {
  return commands.keyedHash(`oauth-form:${uid}:${prompt.name}`);
}

function isOwnForm({ oauth }: RouteParts, { request }: RequestContext, { form }: Step, sent: Form): boolean {
  const { origin } = request.headers;
  // Browsers say where a form stood; `null` is what they say of places that have no name.
  if (origin !== undefined && origin !== oauth.addresses().origin) return false;
  const [given, expected] = [Buffer.from(sent.get('proof') ?? ''), Buffer.from(form.proof)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** What a content policy calls the place that an address is at. */
function sourceOf(address: string): string {
  const { origin, protocol } = new URL(address);
  return origin === 'null' ? protocol : origin;
}
