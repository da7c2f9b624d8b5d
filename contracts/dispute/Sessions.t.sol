// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Phase, Session} from "../interfaces/IDisputeGame.sol";
import {Sessions} from "./Sessions.sol";

contract SessionsTest {
    using Sessions for Session;

    function copy(Session calldata session) public pure returns (Session memory) {
        return Sessions.copy(session);
    }

    function testFuzz_HashesTheEncoding(uint256[17] memory words) public pure {
        Session memory session = sessionOf(words);
        require(session.hash() == keccak256(abi.encode(session)), "hash");
    }

    function testFuzz_CopiesEveryField(uint256[17] memory words) public view {
        Session memory session = sessionOf(words);
        require(this.copy(session).hash() == session.hash(), "copy");
    }

    function testFuzz_NamesSessions(bytes32 assertionId, uint32 serial) public pure {
        require(Sessions.idOf(assertionId, serial) == keccak256(abi.encode(assertionId, serial)), "id");
    }

    /// @dev A commitment in time ends the operator's turn when it came; a late one changes nothing.
    function testFuzz_CommitsLazily(uint32 clock, uint32 used, uint32 increment) public pure {
        Session memory session;
        session.since = 1_000;
        session.operatorClock = clock % 1_000_000;
        increment %= 1_000_000;
        used %= 2_000_000;
        bool inTime = used <= session.operatorClock;
        uint256 left = inTime ? session.operatorClock - used + increment : session.operatorClock;
        session.phase = Phase.Commit;
        session.applyCommitment(1_000 + used, bytes32(uint256(1)), increment);
        require(session.operatorClock == left, "clock");
        require(session.since == (inTime ? 1_000 + used : 1_000), "since");
        require(session.phase == (inTime ? Phase.Pick : Phase.Commit), "phase");
        require(session.node == bytes32(uint256(inTime ? 1 : 0)), "node");
    }

    function test_IsAboveWhatItsNodeCovers() public pure {
        Session memory session;
        session.height = 6;
        session.index = 2;
        require(!session.isAbove(127) && session.isAbove(128) && session.isAbove(191) && !session.isAbove(192), "node");
    }

    /// @dev A session whose fields are the low bits of the words.
    function sessionOf(uint256[17] memory words) private pure returns (Session memory) {
        return
            Session({
                assertionId: bytes32(words[0]),
                operator: address(uint160(words[1])),
                owner: address(uint160(words[2])),
                serial: uint32(words[3]),
                bond: uint96(words[4]),
                chunks: uint64(words[5]),
                phase: Phase(words[6] % 8),
                height: uint8(words[7]),
                index: uint64(words[8]),
                node: bytes32(words[9]),
                focus: bytes32(words[10]),
                since: uint40(words[11]),
                ownerClock: uint32(words[12]),
                operatorClock: uint32(words[13]),
                ownerCost: uint96(words[14]),
                operatorCost: uint96(words[15]),
                contender: bytes32(words[16])
            });
    }
}
