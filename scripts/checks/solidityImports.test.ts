import { expect } from "chai";
import { foreignImports, unusedImports } from "./solidityImports.ts";

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

  it("are used, in assembly too", () => {
    const source = `
import {A, B as C, D} from "./A.sol";
import {
    E,
    F
} from "./E.sol";
import {IG} from "./IG.sol";
// D
contract X is A {
    /// @inheritdoc IG
    function x() external returns (uint256 y) {
        assembly ("memory-safe") {
            y := E
        }
    }
}`;
    expect(unusedImports(source)).to.deep.equal(["C", "D", "F"]);
  });
});
