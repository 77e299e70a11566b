import { assign, createActor, fromPromise, setup, waitFor } from "xstate";

const machine = setup({ actors: { load: fromPromise(async ({ input }) => input.n * 2) }, guards: { enough: ({ context }) => context.tries > 1 } }).createMachine({
  id: "m", initial: "idle", context: { tries: 0, value: null },
  states: {
    idle: { on: { GO: [{ guard: "enough", target: "loading" }, { actions: assign({ tries: ({ context }) => context.tries + 1 }) }] } },
    loading: { invoke: { src: "load", input: ({ context }) => ({ n: context.tries + 19 }), onDone: { target: "done", actions: assign({ value: ({ event }) => event.output }) } } },
    done: { type: "final" },
  },
});

export default async () => {
  const actor = createActor(machine).start();
  const seen = [];
  actor.subscribe(({ value }) => seen.push(value));
  for (let i = 0; i < 3; i++) actor.send({ type: "GO" });
  const { context, status } = await waitFor(actor, (state) => state.matches("done"));
  return { seen, context, status };
};
