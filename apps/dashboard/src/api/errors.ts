/** Problems as sentences. */

import { ApiError } from '@zonelab/client';

const TITLES: Readonly<Record<string, string>> = {
  unauthorized: 'The key is not valid',
  forbidden: 'The key may only look',
  unreachable: 'The API does not answer',
};

export interface ProblemText {
  readonly title: string;
  /** One sentence for each thing that is wrong. */
  readonly sentences: readonly string[];
  readonly code: string | undefined;
}

export function problemText(error: unknown): ProblemText {
  if (!(error instanceof ApiError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { title: 'Something went wrong', sentences: [sentence(message)], code: undefined };
  }
  const { code, problem } = error;
  const title = TITLES[code] ?? problem?.title ?? 'The request was refused';
  const sentences = problem?.errors?.map(({ path, given, allowed }) => {
    const got = given == null ? 'nothing' : JSON.stringify(given);
    return sentence(`${path || 'The document'}: got ${got}, allowed is ${allowed}`);
  });
  return { title, sentences: sentences ?? [sentence(error.message)], code };
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
