import { z as v4 } from "zod";
import { z as v3 } from "zod3";

export default () => {
  const issue = (z) => z.object({ n: z.number().max(3) }).safeParse({ n: 5 }).error.issues[0];
  return [issue(v3), issue(v4), v3.number() instanceof v4.ZodType];
};
