import { createPublicClient, custom, decodeEventLog, encodeAbiParameters, formatUnits, keccak256, parseAbi, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { mainnet } from "viem/chains";

export default async () => {
  const account = privateKeyToAccount(`0x${"02".repeat(32)}`);
  const client = createPublicClient({ chain: mainnet, transport: custom({ request: async ({ method }) => ({ eth_blockNumber: "0x10", eth_getBalance: "0xde0b6b3a7640000" })[method] }) });
  const abi = parseAbi(["event Ping(address indexed who, uint256 n)"]);
  const typed = await account.signTypedData({ domain: { name: "t", chainId: 1 }, types: { M: [{ name: "n", type: "uint8" }] }, primaryType: "M", message: { n: 3 } });
  const log = decodeEventLog({ abi, data: toHex(5n, { size: 32 }), topics: [keccak256(toHex("Ping(address,uint256)")), `0x${"0".repeat(24)}${account.address.slice(2)}`] });
  return [account.address, typed, String(await client.getBlockNumber()), formatUnits(await client.getBalance({ address: account.address }), 18), String(log.args.n), encodeAbiParameters([{ type: "bool" }, { type: "bytes" }], [true, "0x01"])];
};
