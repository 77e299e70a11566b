import pLimit from "p-limit";

export default async () => {
  const limit = pLimit(2);
  let running = 0;
  let most = 0;
  const squares = await Promise.all([1, 2, 3, 4, 5].map((n) => limit(async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running--;
    return n * n;
  })));
  return { squares, most, pending: limit.pendingCount };
};
