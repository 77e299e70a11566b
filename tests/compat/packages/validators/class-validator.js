import "reflect-metadata";
import { Type, instanceToPlain, plainToInstance } from "class-transformer";
import { IsEmail, IsInt, Min, ValidateNested, validate } from "class-validator";

class Address {}
Reflect.decorate([IsInt(), Min(1000)], Address.prototype, "zip");
class User {}
Reflect.decorate([IsEmail()], User.prototype, "email");
Reflect.decorate([ValidateNested(), Type(() => Address)], User.prototype, "address");

export default async () => {
  const user = plainToInstance(User, { email: "no mail", address: { zip: 12 } });
  const errors = await validate(user);
  return { nested: user.address instanceof Address, errors: errors.map(({ property, constraints, children }) => [property, constraints, children.map((child) => child.constraints)]), plain: instanceToPlain(user) };
};
