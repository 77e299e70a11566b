import { AbiCoder, Interface, Wallet, formatEther, getCreate2Address, id, parseEther, verifyMessage } from "ethers";

export default async () => {
  const wallet = new Wallet(`0x${"01".repeat(32)}`);
  const signature = await wallet.signMessage("hello");
  const erc20 = new Interface(["function transfer(address to, uint256 value) returns (bool)", "event Transfer(address indexed from, address indexed to, uint256 value)"]);
  const data = erc20.encodeFunctionData("transfer", [wallet.address, parseEther("1.5")]);
  return [wallet.address, signature, verifyMessage("hello", signature), data, String(erc20.parseTransaction({ data }).args.value), formatEther(10n ** 17n), AbiCoder.defaultAbiCoder().encode(["string", "uint8[]"], ["x", [1, 2]]), id("Transfer()"), getCreate2Address(wallet.address, id("a"), id("b"))];
};
