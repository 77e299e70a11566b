import EventEmitter from "eventemitter3";

export default () => {
  const emitter = new EventEmitter();
  const heard = [];
  emitter.on("said", function (word) { heard.push([this.who, word]); }, { who: "on" });
  emitter.once("said", (word) => heard.push(["once", word]));
  emitter.emit("said", "a");
  emitter.emit("said", "b");
  return { heard, left: emitter.listenerCount("said"), names: emitter.eventNames() };
};
