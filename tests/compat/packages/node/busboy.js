import busboy from "busboy";

export default async () => {
  const body = ["--X", 'Content-Disposition: form-data; name="text"', "", "hällo", "--X", 'Content-Disposition: form-data; name="file"; filename="a.bin"', "Content-Type: application/x-a", "", "12345", "--X--", ""].join("\r\n");
  const parts = [];
  const parser = busboy({ headers: { "content-type": "multipart/form-data; boundary=X" }, limits: { fileSize: 3 } });
  parser.on("field", (name, value, { mimeType }) => parts.push([name, value, mimeType]));
  parser.on("file", (name, stream, { filename, mimeType }) => {
    let text = "";
    stream.on("data", (chunk) => (text += chunk)).on("close", () => parts.push([name, filename, mimeType, text, stream.truncated]));
  });
  await new Promise((resolve, reject) => parser.on("close", resolve).on("error", reject).end(Buffer.from(body)));
  return parts;
};
