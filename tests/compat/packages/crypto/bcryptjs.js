import bcrypt from "bcryptjs";

export default async () => {
  const hash = await bcrypt.hash("correct horse", "$2b$04$abcdefghijklmnopqrstuu");
  return [hash, await bcrypt.compare("correct horse", hash), bcrypt.compareSync("wrong", hash), bcrypt.getRounds(hash)];
};
