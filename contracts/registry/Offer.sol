// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An operator's standing offer to serve a model: one word.
///
/// | bits    | field        | unit                                                                 |
/// | ------- | ------------ | -------------------------------------------------------------------- |
/// | 0-159   | operator     | address                                                              |
/// | 160-207 | price        | gwei the operator wants of a fee, after the royalty                  |
/// | 208-223 | latency      | seconds of the exclusive period                                      |
/// | 224-239 | penaltyBps   | 1/10,000 of the fee burned from its stake if it does not answer then |
/// | 240-255 | callbackKgas | thousands of gas: the largest callback it runs                       |
type Offer is uint256;

using OfferLib for Offer global;

library OfferLib {
    function pack(
        address operator_,
        uint48 priceGwei,
        uint16 latency_,
        uint16 penaltyBps_,
        uint16 callbackKgas
    ) internal pure returns (Offer) {
        return
            Offer.wrap(
                uint256(uint160(operator_)) |
                    (uint256(priceGwei) << 160) |
                    (uint256(latency_) << 208) |
                    (uint256(penaltyBps_) << 224) |
                    (uint256(callbackKgas) << 240)
            );
    }

    function operator(Offer offer) internal pure returns (address) {
        return address(uint160(Offer.unwrap(offer)));
    }

    /// @notice Price in wei.
    function price(Offer offer) internal pure returns (uint256) {
        return uint256(uint48(Offer.unwrap(offer) >> 160)) * 1 gwei;
    }

    function latency(Offer offer) internal pure returns (uint256) {
        return uint16(Offer.unwrap(offer) >> 208);
    }

    function penaltyBps(Offer offer) internal pure returns (uint256) {
        return uint16(Offer.unwrap(offer) >> 224);
    }

    /// @notice The largest callback in gas.
    function callbackGas(Offer offer) internal pure returns (uint256) {
        return (Offer.unwrap(offer) >> 240) * 1000;
    }
}
