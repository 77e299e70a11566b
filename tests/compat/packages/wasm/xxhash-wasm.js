import xxhash from "xxhash-wasm";

export default async () => {
  const { h32, h64ToString, create64 } = await xxhash();
  const stream = create64().update("some ").update("data");
  return [h32("cidery"), h32("cidery", 7), h64ToString("cidery"), String(stream.digest())];
};
