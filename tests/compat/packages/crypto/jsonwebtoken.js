import jwt from "jsonwebtoken";

export default () => {
  const token = jwt.sign({ sub: "ada", iat: 1_700_000_000 }, "secret", { expiresIn: "1h", audience: "x" });
  const late = () => { try { return jwt.verify(token, "secret", { clockTimestamp: 1_700_009_999 }); } catch ({ name, message }) { return [name, message]; } };
  return [token, jwt.verify(token, "secret", { clockTimestamp: 1_700_000_001, audience: "x" }), late(), jwt.decode(token, { complete: true }).header];
};
