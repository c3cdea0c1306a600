import { expect, it } from '@jest/globals';
import { GroupFlush } from './group-flush.ts';

function controlled(): {
  flush: GroupFlush;
  started: () => number;
  end: (error?: Error) => Promise<void>;
} {
  let count = 0;
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const flush = new GroupFlush(() => {
    count++;
    return new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
  });
  const end = async (error?: Error): Promise<void> => {
    if (error) settle?.reject(error);
    else settle?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { flush, started: () => count, end };
}

it('shares one following flush among all who ask while one runs', async () => {
  const { flush, started, end } = controlled();
  const first = flush.request();
  const others = [flush.request(), flush.request(), flush.request()];
  await end();
  await first;
  expect(started()).toBe(2);
  await end();
  await Promise.all(others);
  expect(started()).toBe(2);
});

it('tells of a failure only those whose flush it was', async () => {
  const { flush, end } = controlled();
  const first = flush.request();
  const second = flush.request();
  const failed = expect(first).rejects.toThrow('disk gone');
  await end(new Error('disk gone'));
  await failed;
  await end();
  await expect(second).resolves.toBeUndefined();
});
