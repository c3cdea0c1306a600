/** Something that is done: what it changed is asked for again, and a refusal is told in sentences. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { say, sayProblem } from '../ui/toasts.tsx';

interface ActionOptions<V, T> {
  readonly run: (input: V) => Promise<T>;
  /** First parts of the keys of what is asked for again: `image`, `export`, … */
  readonly changes: readonly string[];
  /** Told when it is done. */
  readonly said?: (input: V, result: T) => string;
  readonly onDone?: (result: T, input: V) => void;
  /** Refusals are shown by the caller, beside a form. */
  readonly ownProblems?: boolean;
}

export function useAction<V, T>({ run, changes, said, onDone, ownProblems }: ActionOptions<V, T>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (result, input) => {
      for (const resource of changes) queries.invalidateQueries({ queryKey: [resource] });
      if (said) say(said(input, result));
      onDone?.(result, input);
    },
    onError: (error) => {
      if (!ownProblems) sayProblem(error);
    },
  });
}
