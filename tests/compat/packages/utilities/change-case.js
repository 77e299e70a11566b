import { camelCase, constantCase, dotCase, kebabCase, pascalCase, sentenceCase, split } from "change-case";

export default () => [camelCase, constantCase, dotCase, kebabCase, pascalCase, sentenceCase, split].map((change) => change("HTTPServer version2 isUp"));
