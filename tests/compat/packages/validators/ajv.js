import Ajv from "ajv";

const ajv = new Ajv({ allErrors: true });
const validate = ajv.compile({ type: "object", required: ["id"], properties: { id: { type: "integer", minimum: 1 }, tags: { type: "array", uniqueItems: true } }, additionalProperties: false });

export default () => [validate({ id: 3, tags: ["a", "b"] }), validate({ id: 0, tags: [1, 1], more: true }), validate.errors.map(({ instancePath, keyword, message }) => [instancePath, keyword, message])];
