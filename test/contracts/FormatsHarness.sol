// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Assignment, AssignmentLib} from "../../contracts/inference/Assignment.sol";
import {AssertionState, AssertionStateLib} from "../../contracts/inference/AssertionState.sol";
import {Policy, PolicyLib} from "../../contracts/inference/Policy.sol";
import {RequestState, RequestStateLib} from "../../contracts/inference/RequestState.sol";
import {RequestStatus} from "../../contracts/interfaces/IInferenceCoordinator.sol";
import {ModelSpec} from "../../contracts/interfaces/IModelRegistry.sol";
import {ChunkTree} from "../../contracts/lib/ChunkTree.sol";
import {KernelTree} from "../../contracts/lib/KernelTree.sol";
import {Signatures} from "../../contracts/lib/Signatures.sol";
import {Model, ModelLib} from "../../contracts/registry/Model.sol";
import {Offer, OfferLib} from "../../contracts/registry/Offer.sol";
import {OperatorState} from "../../contracts/registry/OperatorState.sol";
import {Tolerance} from "../../contracts/registry/Tolerance.sol";

/// @dev Shows what docs/formats.md defines to the parity tests. Words are read and packed by the functions that the
/// contracts use, in the fields and units of that page.
contract FormatsHarness {
    struct ModelFields {
        address owner;
        uint256 royaltyBps;
        bool deprecated;
        uint256 semantics;
        uint256 atolClass;
        uint256 rtolClass;
        uint256 inputCount;
        uint256 inputBytes;
        uint256 outputBytes;
        uint256 offerCount;
        uint256 lengthsTag;
    }

    struct PolicyFields {
        bool provisional;
        bool isFinal;
        uint256 callbackGas;
        uint256 callbackGasPrice;
        uint256 answerPeriod;
        uint256 minBond;
        uint256 atolClass;
        uint256 rtolClass;
    }

    struct AssignmentFields {
        address operator;
        uint256 requestedAt;
        uint256 latency;
        uint256 penaltyBps;
    }

    struct RequestStateFields {
        RequestStatus status;
        bool provisionalDelivered;
        bool finalDelivered;
        bool latenessSettled;
        bool reopened;
        uint256 live;
        uint256 startedAt;
    }

    struct AssertionStateFields {
        bool live;
        bool held;
        bool delivered;
        uint256 finalisableAt;
        uint256 bond;
    }

    struct OperatorStateFields {
        uint256 stake;
        uint256 locked;
        uint256 earnings;
        bool live;
        bool slashed;
    }

    struct OfferFields {
        address operator;
        uint48 price;
        uint16 latency;
        uint16 penaltyBps;
        uint16 callbackKgas;
    }

    function chunkTree(bytes calldata data) external pure returns (uint256 count, uint256 depth, bytes32 root) {
        count = ChunkTree.chunkCount(data.length);
        return (count, ChunkTree.depth(count), ChunkTree.root(data));
    }

    function rootFromPath(
        bytes calldata chunk,
        uint256 index,
        uint256 count,
        bytes32[] calldata path
    ) external pure returns (bytes32) {
        return ChunkTree.rootFromPath(chunk, index, count, path);
    }

    function join(bytes[] calldata tensors) external pure returns (bytes memory) {
        return ChunkTree.join(tensors, ChunkTree.flatLength(tensors));
    }

    function openKernelTree(
        bytes calldata preimage,
        uint256 kernelCount
    ) external pure returns (bytes32 root, uint256 chunks) {
        return KernelTree.open(preimage, kernelCount);
    }

    function recoverKey(
        bytes32 digest,
        bytes calldata signature,
        address p256Verifier
    ) external view returns (address) {
        return Signatures.recover(digest, signature, p256Verifier);
    }

    function toleranceClass(uint64 bits) external pure returns (uint256) {
        return Tolerance.class(bits);
    }

    function lengthsTag(uint256[] calldata lengths) external pure returns (uint256) {
        return ModelLib.tagOf(lengths);
    }

    function modelId(ModelSpec calldata spec) external pure returns (bytes32) {
        return keccak256(abi.encode(spec));
    }

    function readModel(Model word) external pure returns (ModelFields memory) {
        return
            ModelFields({
                owner: word.owner(),
                royaltyBps: word.royaltyBps(),
                deprecated: word.isDeprecated(),
                semantics: word.semantics(),
                atolClass: word.atolClass(),
                rtolClass: word.rtolClass(),
                inputCount: word.inputCount(),
                inputBytes: word.inputBytes(),
                outputBytes: word.outputBytes(),
                offerCount: word.offerCount(),
                lengthsTag: word.lengthsTag()
            });
    }

    /// @dev A model's word begins without offers.
    function packModel(ModelFields calldata model) external pure returns (Model word) {
        word = ModelLib.pack(
            model.owner,
            model.royaltyBps,
            model.semantics,
            model.atolClass,
            model.rtolClass,
            model.inputCount,
            model.inputBytes,
            model.outputBytes,
            model.lengthsTag
        );
        if (model.deprecated) word = word.deprecate();
    }

    function readPolicy(Policy word) external pure returns (PolicyFields memory) {
        return
            PolicyFields({
                provisional: word.wantsProvisional(),
                isFinal: word.wantsFinal(),
                callbackGas: word.callbackGas(),
                callbackGasPrice: word.callbackGasPrice(),
                answerPeriod: word.answerPeriod(),
                minBond: word.minBond() / 1 gwei,
                atolClass: word.atolClass(),
                rtolClass: word.rtolClass()
            });
    }

    function packPolicy(PolicyFields calldata policy) external pure returns (Policy) {
        return
            PolicyLib
                .answerWithin(policy.answerPeriod)
                .withCallbacks(policy.provisional, policy.isFinal, policy.callbackGas, policy.callbackGasPrice)
                .withMinBond(policy.minBond * 1 gwei)
                .withTolerance(uint8(policy.atolClass), uint8(policy.rtolClass));
    }

    function hasUnusedBits(Policy word) external pure returns (bool) {
        return word.hasUnusedBits();
    }

    function readAssignment(Assignment word) external pure returns (AssignmentFields memory) {
        return
            AssignmentFields({
                operator: word.operator(),
                requestedAt: word.requestedAt(),
                latency: word.exclusiveUntil() - word.requestedAt(),
                penaltyBps: word.penaltyBps()
            });
    }

    function packAssignment(AssignmentFields calldata assignment) external pure returns (Assignment) {
        return
            AssignmentLib.pack(assignment.operator, assignment.requestedAt, assignment.latency, assignment.penaltyBps);
    }

    function readRequestState(RequestState word) external pure returns (RequestStateFields memory) {
        return
            RequestStateFields({
                status: word.status(),
                provisionalDelivered: word.provisionalDelivered(),
                finalDelivered: word.finalDelivered(),
                latenessSettled: word.latenessSettled(),
                reopened: word.isReopened(),
                live: word.live(),
                startedAt: word.startedAt()
            });
    }

    function packRequestState(
        RequestStateFields calldata state,
        bytes32 commitment
    ) external pure returns (RequestState word) {
        word = RequestStateLib.create(0, state.startedAt);
        if (state.reopened) word = word.reopen(state.startedAt);
        for (uint256 i = 0; i < state.live; ++i) word = word.addLive();
        word = word.withStatus(state.status).withProvisionalDelivered(state.provisionalDelivered);
        if (state.finalDelivered) word = word.withFinalDelivered();
        if (state.latenessSettled) word = word.withLatenessSettled();
        return word.withCommitment(commitment);
    }

    function commitsTo(RequestState word, bytes32 commitment) external pure returns (bool) {
        return word.commitsTo(commitment);
    }

    function readAssertionState(AssertionState word) external pure returns (AssertionStateFields memory) {
        return
            AssertionStateFields({
                live: word.isLive(),
                held: word.isHeld(),
                delivered: word.isDelivered(),
                finalisableAt: word.finalisableAt(),
                bond: word.bond() / 1 gwei
            });
    }

    function packAssertionState(
        AssertionStateFields calldata state,
        bytes32 assertionId
    ) external pure returns (AssertionState word) {
        word = AssertionStateLib.create(assertionId, state.bond * 1 gwei, state.finalisableAt);
        if (!state.live) word = word.end();
        return word.withHeld(state.held).withDelivered(state.delivered);
    }

    function isFor(AssertionState word, bytes32 assertionId) external pure returns (bool) {
        return word.isFor(assertionId);
    }

    function readOperatorState(OperatorState word) external pure returns (OperatorStateFields memory) {
        return
            OperatorStateFields({
                stake: word.stake(),
                locked: word.locked(),
                earnings: word.earnings(),
                live: word.isLive(),
                slashed: word.isSlashed()
            });
    }

    function packOperatorState(OperatorStateFields calldata state) external pure returns (OperatorState word) {
        word = OperatorState.wrap(0).addStake(state.stake).lock(state.locked).setLive(state.live).withSlashed(
            state.slashed
        );
        (word, ) = word.addEarnings(state.earnings);
    }

    function readOffer(Offer word) external pure returns (OfferFields memory) {
        return
            OfferFields({
                operator: word.operator(),
                price: uint48(word.price() / 1 gwei),
                latency: uint16(word.latency()),
                penaltyBps: uint16(word.penaltyBps()),
                callbackKgas: uint16(word.callbackGas() / 1000)
            });
    }

    function packOffer(OfferFields calldata offer) external pure returns (Offer) {
        return OfferLib.pack(offer.operator, offer.price, offer.latency, offer.penaltyBps, offer.callbackKgas);
    }
}
