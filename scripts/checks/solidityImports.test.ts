import { expect } from "chai";
import { foreignImports } from "./solidityImports.ts";

describe("imports of the contracts", () => {
  it("stay in contracts/ and OpenZeppelin", () => {
    const source = `
      import {A} from "./A.sol";
      import {
        B,
        C
      } from "../lib/B.sol";
      import "@openzeppelin/contracts/utils/Math.sol";
      import * as D from '../interfaces/D.sol';
      // import {Not} from "hardhat/console.sol";
    `;
    expect(foreignImports("contracts/registry/R.sol", source)).to.deep.equal([]);
  });

  it("do not lead to tests or other packages", () => {
    const paths = [
      "../../test/contracts/H.sol",
      "hardhat/console.sol",
      "@openzeppelin/other/X.sol",
      "contracts/lib/A.sol",
    ];
    const source = paths.map((path) => `import {X} from "${path}";`).join("\n");
    expect(foreignImports("contracts/registry/R.sol", source)).to.deep.equal(paths);
  });
});
