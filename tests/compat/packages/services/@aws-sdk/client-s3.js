import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

export default async () => {
  const asked = [];
  const requestHandler = { metadata: {}, async handle({ method, path, query, headers }) {
    asked.push([method, path, query, headers["content-type"] ?? null]);
    const xml = '<?xml version="1.0"?><ListBucketResult><KeyCount>1</KeyCount><Contents><Key>a &amp; b</Key><Size>5</Size></Contents></ListBucketResult>';
    return { response: { statusCode: 200, headers: { etag: '"x"' }, body: new Response(method === "GET" ? xml : "").body } };
  } };
  const client = new S3Client({ region: "eu-central-1", credentials: { accessKeyId: "A", secretAccessKey: "S" }, requestHandler, requestChecksumCalculation: "WHEN_REQUIRED" });
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: "b", Key: "k/ü" }), { expiresIn: 60, signingDate: new Date(1_700_000_000_000) });
  const { ETag } = await client.send(new PutObjectCommand({ Bucket: "b", Key: "k", Body: "text", ContentType: "text/x" }));
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: "b", Prefix: "p" }));
  return [url, ETag, Contents, asked];
};
