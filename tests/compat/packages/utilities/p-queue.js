import PQueue from "p-queue";

export default async () => {
  const queue = new PQueue({ concurrency: 1 });
  const order = [];
  const job = (name, options) => queue.add(async () => order.push(name), options);
  job("first");
  job("low", { priority: 0 });
  job("high", { priority: 9 });
  await queue.onIdle();
  return { order, size: queue.size };
};
