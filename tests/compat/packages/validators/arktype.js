import { type } from "arktype";

const Device = type({ platform: "'android' | 'ios'", "version?": "string.semver", ports: "1 <= number.integer[] < 4" });

export default () => [Device({ platform: "ios", ports: [1] }), Device({ platform: "tv", ports: [] }), type("string.numeric.parse")("42"), Device.expression].map((out) => (out instanceof type.errors ? out.summary : out));
