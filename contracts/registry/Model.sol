// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice All that the chain keeps of a registered model: one word.
///
/// | bits    | field        | unit                                                                          |
/// | ------- | ------------ | ----------------------------------------------------------------------------- |
/// | 0-159   | owner        | address that earns the royalty; zero: not registered                          |
/// | 160-173 | royaltyBps   | royalty in 1/10,000 of a request's fee                                        |
/// | 174     | deprecated   | 1: no new requests                                                            |
/// | 175-178 | semantics    | 0: not disputable, 1: kernel program                                          |
/// | 179-184 | atolClass    | 0: exact; c: absolute tolerance <= 2^(c-48)                                   |
/// | 185-190 | rtolClass    | 0: exact; c: relative tolerance <= 2^(c-48)                                   |
/// | 191-196 | inputCount   | input tensors                                                                 |
/// | 197-213 | inputBytes   | length of the flat input, 0x1ffff: more than a request can carry              |
/// | 214-230 | outputBytes  | length of the flat output, 0x1ffff: more than an assertion can carry          |
/// | 231-242 | offerCount   | offers listed for the model                                                   |
/// | 243-255 | lengthsTag   | 13 bits of the hash of the input tensors' lengths: catches mistakes, see below|
///
/// `lengthsTag` is no security boundary. A list of tensors of the right count and flat length whose own lengths are
/// wrong still has a well-defined input tree, which the program reads at its own offsets.
type Model is uint256;

using ModelLib for Model global;

library ModelLib {
    /// @notice `inputBytes` and `outputBytes` of a model whose flat tensors are longer than `MAX_FLAT_BYTES`.
    uint256 internal constant TOO_LARGE = 0x1ffff;
    /// @notice The longest flat input of a request and flat output of an assertion, in bytes.
    uint256 internal constant MAX_FLAT_BYTES = 64 * 1024;
    uint256 internal constant MAX_OFFERS = 0xfff;

    uint256 private constant DEPRECATED = 1 << 174;
    uint256 private constant ONE_OFFER = 1 << 231;
    uint256 private constant ROYALTY_MASK = 0x3fff << 160;

    function pack(
        address owner_,
        uint256 royaltyBps_,
        uint256 semantics_,
        uint256 atolClass_,
        uint256 rtolClass_,
        uint256 inputCount_,
        uint256 inputBytes_,
        uint256 outputBytes_,
        uint256 lengthsTag_
    ) internal pure returns (Model) {
        return
            Model.wrap(
                uint256(uint160(owner_)) |
                    (royaltyBps_ << 160) |
                    (semantics_ << 175) |
                    (atolClass_ << 179) |
                    (rtolClass_ << 185) |
                    (inputCount_ << 191) |
                    (saturate(inputBytes_) << 197) |
                    (saturate(outputBytes_) << 214) |
                    (lengthsTag_ << 243)
            );
    }

    /// @notice 13 bits of the hash of tensors' lengths, each as a uint256.
    function tagOf(uint256[] memory lengths) internal pure returns (uint256) {
        return uint256(keccak256(abi.encodePacked(lengths))) >> 243;
    }

    function owner(Model model) internal pure returns (address) {
        return address(uint160(Model.unwrap(model)));
    }

    function exists(Model model) internal pure returns (bool) {
        return owner(model) != address(0);
    }

    function royaltyBps(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 160) & 0x3fff;
    }

    function isDeprecated(Model model) internal pure returns (bool) {
        return Model.unwrap(model) & DEPRECATED != 0;
    }

    function semantics(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 175) & 0xf;
    }

    /// @notice Whether a wrong answer can be refuted on chain.
    function isDisputable(Model model) internal pure returns (bool) {
        return semantics(model) != 0;
    }

    function atolClass(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 179) & 0x3f;
    }

    function rtolClass(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 185) & 0x3f;
    }

    /// @notice Whether a correct answer must equal the canonical one bit for bit.
    function isExact(Model model) internal pure returns (bool) {
        return (Model.unwrap(model) >> 179) & 0xfff == 0;
    }

    function inputCount(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 191) & 0x3f;
    }

    function inputBytes(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 197) & 0x1ffff;
    }

    function outputBytes(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 214) & 0x1ffff;
    }

    function offerCount(Model model) internal pure returns (uint256) {
        return (Model.unwrap(model) >> 231) & MAX_OFFERS;
    }

    function lengthsTag(Model model) internal pure returns (uint256) {
        return Model.unwrap(model) >> 243;
    }

    function deprecate(Model model) internal pure returns (Model) {
        return Model.wrap(Model.unwrap(model) | DEPRECATED);
    }

    function withRoyaltyBps(Model model, uint256 bps) internal pure returns (Model) {
        return Model.wrap((Model.unwrap(model) & ~ROYALTY_MASK) | (bps << 160));
    }

    /// @dev The caller checks `offerCount() < MAX_OFFERS`.
    function addOffer(Model model) internal pure returns (Model) {
        return Model.wrap(Model.unwrap(model) + ONE_OFFER);
    }

    /// @dev The caller checks `offerCount() > 0`.
    function removeOffer(Model model) internal pure returns (Model) {
        return Model.wrap(Model.unwrap(model) - ONE_OFFER);
    }

    function saturate(uint256 byteLength) private pure returns (uint256) {
        return byteLength > MAX_FLAT_BYTES ? TOO_LARGE : byteLength;
    }
}
