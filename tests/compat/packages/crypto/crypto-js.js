import CryptoJS from "crypto-js";
import sha3 from "crypto-js/sha3.js";

export default () => {
  const key = CryptoJS.enc.Hex.parse("000102030405060708090a0b0c0d0e0f");
  const sealed = CryptoJS.AES.encrypt("secret ü", key, { iv: key, mode: CryptoJS.mode.CTR, padding: CryptoJS.pad.NoPadding });
  return [sealed.toString(), CryptoJS.AES.decrypt(sealed.toString(), key, { iv: key, mode: CryptoJS.mode.CTR, padding: CryptoJS.pad.NoPadding }).toString(CryptoJS.enc.Utf8), CryptoJS.HmacSHA256("a", "k").toString(CryptoJS.enc.Base64), CryptoJS.MD5("a").toString(), sha3("a").toString().slice(0, 16)];
};
