import FormData from "form-data";

export default async () => {
  const form = new FormData();
  form.setBoundary("B");
  form.append("text", "hällo");
  form.append("file", Buffer.from("12345"), { filename: "a.txt", contentType: "text/plain" });
  const length = await new Promise((resolve, reject) => form.getLength((error, n) => (error ? reject(error) : resolve(n))));
  return [String(form.getBuffer()), form.getHeaders({ "x-a": "b" }), length, form.hasKnownLength()];
};
