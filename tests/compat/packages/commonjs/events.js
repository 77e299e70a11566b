import EventEmitter, { once } from "events/events.js";

export default async () => {
  const emitter = new EventEmitter();
  const heard = [];
  emitter.on("newListener", (name) => heard.push(`new ${String(name)}`));
  emitter.on("a", (n) => heard.push(n)).prependListener("a", (n) => heard.push(-n));
  emitter.emit("a", 5);
  setTimeout(() => emitter.emit("done", "x"), 1);
  const [done] = await once(emitter, "done");
  let thrown;
  try { emitter.emit("error", new Error("unheard")); } catch ({ message }) { thrown = message; }
  return [heard, done, thrown, emitter.listenerCount("a"), EventEmitter.defaultMaxListeners];
};
