"""Issues cards and shows their codes at a gate without network, and on line.

Usage: cards.py SAID PROTO, as claim_and_redeem.py, after it and on the same server. What the gate
decides with is in card_gate.py, which was written from the documented format alone.
"""

import pathlib
import struct
import sys
import tempfile

import grpc
from card_gate import ALPHABET, LIST_AGE_MAX, BODY, Gate, Refused, base45
from claim_and_redeem import generate, module, read_said, refused, said, stub
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def encode(content: bytes) -> str:
    """Base45, for codes that are made up here."""
    text = ""
    for at in range(0, len(content), 2):
        pair = content[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            text += ALPHABET[value % 45]
            value //= 45
    return "ZS1:" + text


class Play:
    def __init__(self, channel: grpc.Channel, tokens: dict[str, str]):
        self.channel = channel
        self.roles = {
            role: (("authorization", f"Bearer {token}"),) for role, token in tokens.items()
        }
        self.cards = stub(channel, "eligibility", "CardService")
        self.wire = module("eligibility", "card_service")
        self.public = stub(channel, "eligibility", "VerificationService")
        self.asked = module("eligibility", "verification_service")

    def members(self) -> list[str]:
        wire = module("eligibility", "registry_service")
        service = stub(self.channel, "eligibility", "RegistryService")
        office = self.roles["union-office"]
        listed = service.ListMembers(wire.ListMembersRequest(below="gd"), metadata=office)
        return [member.member_id for member in listed.members]

    def issue(self, member: str, states_honour: bool):
        request = self.wire.IssueCardRequest(
            request_id=f"issue-{member}", member_id=member, states_honour=states_honour
        )
        return self.cards.IssueCard(request, metadata=self.roles["union-office"]).card

    def present(self, member: str):
        request = self.wire.PresentCardRequest(member_id=member)
        return self.cards.PresentCard(request, metadata=self.roles["member-app"])

    def kept(self):
        """The list as everybody may fetch it, without a token."""
        answer = self.public.GetCardRevocations(self.asked.GetCardRevocationsRequest())
        return answer.document, answer.signature, answer.key_id

    def verify(self, code: str, terminal: str):
        reference = module("eligibility", "member").MemberReference(card_code=code)
        request = self.asked.VerifyMembershipRequest(
            member=reference, purpose="bus-fare", terminal_id=terminal
        )
        return self.public.VerifyMembership(request, metadata=self.roles["member-app"])

    def grant(self) -> None:
        wire = module("eligibility", "grant_service")
        service = stub(self.channel, "eligibility", "GrantService")
        grant = wire.Grant(
            partner="member-app",
            purpose="bus-fare",
            organization="gd",
            references=[wire.Grant.REFERENCE_CARD_CODE],
        )
        service.SetGrant(wire.SetGrantRequest(grant=grant), metadata=self.roles["ops"])

    def lose(self, card_id: str) -> None:
        request = self.wire.ReportCardLostRequest(request_id=f"lost-{card_id}", card_id=card_id)
        lost = self.cards.ReportCardLost(request, metadata=self.roles["union-office"]).card
        assert lost.state == self.wire.Card.STATE_LOST, lost


def refuses(gate: Gate, code: str, now: int, why: str) -> None:
    try:
        passed = gate.judge(code, now)
    except Refused as problem:
        assert str(problem) == why, f"{problem}, not {why}"
        return
    raise AssertionError(f"passed: {passed}")


def signed_by(key: Ed25519PrivateKey, code: str) -> str:
    """What a code says, signed by somebody else."""
    body = base45(code[4:])[: BODY.size]
    return encode(body + key.sign(b"zhisong card code v1\n" + body))


def check_altered(gate: Gate, code: str, now: int) -> None:
    """Every bit of a code, one after the other; and a longer life, which is what pays."""
    content = base45(code[4:])
    for at in range(len(content) * 8):
        altered = bytearray(content)
        altered[at // 8] ^= 1 << at % 8
        try:
            raise AssertionError(f"bit {at}: {gate.judge(encode(bytes(altered)), now)}")
        except Refused:
            pass
    longer = bytearray(content)
    longer[27:29] = struct.pack(">H", 300)
    refuses(gate, encode(bytes(longer)), now, "not signed with a key that is kept")
    for text in ("", "ZS1:", "ZS2:" + code[4:], code[:-1], code + "0", code.lower(), "人" * 40):
        try:
            raise AssertionError(f"{text!r}: {gate.judge(text, now)}")
        except Refused:
            pass


def offline(play: Play, member: str) -> str:
    """The gate has keys and a list, and asks nobody."""
    card = play.issue(member, states_honour=True)
    assert card.state == play.wire.Card.STATE_ACTIVE and len(card.card_number) == 16, card.state
    assert int(card.card_number) % 97 == 1, "ISO/IEC 7064 MOD 97-10"
    shown = play.present(member)
    now = shown.issued_at.seconds
    assert shown.expires_at.seconds == now + 60, shown
    keys = play.public.GetCardKeys(play.asked.GetCardKeysRequest()).jwks
    gate = Gate(keys)
    refuses(gate, shown.code, now, "the revocation list is too old")
    before = play.kept()
    gate.take_list(*before)
    check_altered(gate, shown.code, now)
    refuses(gate, shown.code, now + 60, "expired")
    refuses(gate, shown.code, now - 6, "not valid yet")
    stranger = Ed25519PrivateKey.generate()
    refuses(gate, signed_by(stranger, shown.code), now, "not signed with a key that is kept")
    refuses(Gate('{"keys":[]}'), shown.code, now, "not signed with a key that is kept")
    passed = gate.judge(shown.code, now + 59)
    assert passed.card_id == card.card_id.removeprefix("crd_"), passed
    assert passed.level is None, "who is no model worker has no level to state"
    refuses(gate, shown.code, now + 59, "seen before")
    said("a gate without network lets a fresh code pass, and none that expired or was altered")

    [one, other] = [play.present(member).code for _ in range(2)]
    play.lose(card.card_id)
    found = refused(
        play.cards.PresentCard,
        play.wire.PresentCardRequest(member_id=member),
        play.roles["member-app"],
    )
    assert found.reason == "NOT_FOUND" and found.metadata["kind"] == "card", vars(found)
    gate = Gate(keys)
    gate.take_list(*before)
    gate.judge(one, now + 30)  # Until the gate has the next list: the bound.
    after = play.kept()
    altered = after[0].replace(card.card_id.removeprefix("crd_").encode(), b"0" * 32)
    assert altered != after[0], "the list names the card"
    try:
        gate.take_list(altered, *after[1:])
        raise AssertionError("an altered list was taken")
    except Refused:
        pass
    gate.take_list(*after)
    refuses(gate, other, now + 30, "revoked")
    refuses(gate, other, now + LIST_AGE_MAX + 1, "expired")
    said("and none of a card that was lost, once it has the list that says so")


def online(play: Play, member: str) -> None:
    """On line a code is good for one terminal, and a lost card for none."""
    card = play.issue(member, states_honour=False)
    code = play.present(member).code
    assert not play.verify(code, "gate-1").is_member, "nothing is granted"
    play.grant()
    assert play.verify(code, "gate-1").is_member
    assert play.verify(code, "gate-1").is_member, "a gate may ask again"
    try:
        play.verify(code, "gate-2")
        raise AssertionError("a code passed two gates")
    except grpc.RpcError as problem:
        assert problem.code() == grpc.StatusCode.FAILED_PRECONDITION, problem.code()
    stranger = signed_by(Ed25519PrivateKey.generate(), code)
    reference = module("eligibility", "member").MemberReference(card_code=stranger)
    request = play.asked.VerifyMembershipRequest(member=reference, purpose="bus-fare")
    found = refused(play.public.VerifyMembership, request, play.roles["member-app"])
    assert found.reason == "CARD_CODE_INVALID", found.reason
    fresh = play.present(member).code
    play.lose(card.card_id)
    assert not play.verify(fresh, "gate-1").is_member, "a lost card is nobody's"
    said("on line a code passes one gate, and none once its card is lost")


def main() -> None:
    said_file, proto = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    address, tokens = read_said(said_file)
    with tempfile.TemporaryDirectory() as out, grpc.insecure_channel(address) as channel:
        generate(proto, out)
        play = Play(channel, tokens)
        first, second = play.members()
        offline(play, first)
        online(play, second)
    print("all of it holds")


if __name__ == "__main__":
    main()
