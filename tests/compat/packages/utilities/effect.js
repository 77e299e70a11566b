import { Effect, Option, Schema, pipe } from "effect";

export default async () => {
  const Person = Schema.Struct({ name: Schema.String, age: Schema.Number });
  const divide = (a, b) => (b === 0 ? Effect.fail("division by zero") : Effect.succeed(a / b));
  const program = Effect.gen(function* () {
    const half = yield* divide(1, 2);
    const failed = yield* Effect.catch(divide(1, 0), (error) => Effect.succeed(error));
    return { half, failed };
  });
  return { ...(await Effect.runPromise(program)), person: Schema.decodeUnknownSync(Person)({ name: "Ada", age: 36 }), some: pipe(Option.some(20), Option.map((n) => n + 1), Option.getOrElse(() => 0)) };
};
