import validator from "validator";

export default () => [validator.isEmail("ada@example.com"), validator.isCreditCard("4111 1111 1111 1111"), validator.normalizeEmail("A.D.A+x@gmail.com"), validator.isIBAN("DE89370400440532013000"), validator.isMobilePhone("+491701234567", "de-DE"), validator.isURL("ftp://x"), validator.escape("<b>")];
