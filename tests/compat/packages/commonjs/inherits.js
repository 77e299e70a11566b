import inherits from "inherits";

export default () => {
  function Animal(name) { this.name = name; }
  Animal.prototype.speak = function () { return `${this.name} makes a sound`; };
  function Dog(name) { Dog.super_.call(this, name); }
  inherits(Dog, Animal);
  const rex = new Dog("Rex");
  return [rex.speak(), rex instanceof Animal, Dog.super_ === Animal, rex.constructor === Dog];
};
