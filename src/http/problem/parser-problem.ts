import { HttpProblem } from './http-problem.ts';

/** Errors of body-parser and of Express's router say what they are by `type`, or by `status` alone. */
interface ParserError extends Error {
  readonly type?: string;
  readonly status: number;
}

/** The problem that an error of the body parser or the router stands for; undefined when it is of another kind. */
export function parserProblem(error: unknown): HttpProblem | undefined {
  if (!isParserError(error)) return undefined;
  switch (error.type) {
    case 'entity.too.large':
      return tooLarge();
    case 'entity.parse.failed':
      return new HttpProblem(400, 'invalid_json', `the body is not JSON: ${error.message}`);
    case 'encoding.invalid':
      return new HttpProblem(400, 'invalid_encoding', 'the body is not UTF-8');
    case 'charset.unsupported':
      return new HttpProblem(415, 'unsupported_media_type', 'the body must be in UTF-8');
    case 'encoding.unsupported':
      return new HttpProblem(415, 'unsupported_media_type', 'the Content-Encoding is not supported');
    case 'request.aborted':
    case 'request.size.invalid':
      return new HttpProblem(400, 'incomplete_body', 'the body ended early');
    default:
      break;
  }
  if (error instanceof URIError) return new HttpProblem(400, 'invalid_path', 'the path is not percent-encoded UTF-8');
  return new HttpProblem(400, 'invalid_body', 'the body cannot be read');
}

export function tooLarge(): HttpProblem {
  return new HttpProblem(413, 'body_too_large', 'the body is too large');
}

function isParserError(error: unknown): error is ParserError {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;
}
