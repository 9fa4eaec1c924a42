"""Claims and redeems one voucher with a client that is made from the protos alone.

Usage: claim_and_redeem.py SAID PROTO TLS

SAID is the file with what `zhisong up --manual-clock 2022-07-22` printed: its address and tokens.
PROTO is the folder of the protos. TLS is a folder with server.pem and server.key, for `localhost`, that
the server trusts. Nothing of this project's code is used: the stubs are generated
here, by grpcio-tools. Ends with an assertion that does not hold, or says that all did.
"""

import hashlib
import importlib
import pathlib
import re
import sys
import tempfile
import time

import grpc
import grpc_tools
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_tools import protoc

from webhook_receiver import Receiver

# 22 July 2022, ten o'clock in Shanghai (UTC+8), and a minute after the midnight that ends the day.
TEN_O_CLOCK = "2022-07-22T02:00:00Z"
AFTER_MIDNIGHT = "2022-07-22T16:01:00Z"
DAY = "2022-07-22"
CAMPAIGN = "python-drinks"
PROGRAMME = """
schema = 1
campaign = "python-drinks"
organization = "gd"
title = { zh = "智送清凉", en = "Cool drinks" }
[schedule]
zone = "Asia/Shanghai"
starts_on = "2022-07-22"
ends_on = "2022-09-30"
claim_hours = ["10:00-24:00"]
[stock]
period = "day"
quota = 10
[limit]
period = "day"
per_person = 1
[terms]
kind = "AMOUNT_OFF"
threshold_fen = 300
amount_fen = 299
goods_categories = ["cold-drink"]
regions = ["440000"]
refund_rule = "RIGHT_RETURNS"
valid_for = "business-day"
[policy]
id = "couriers"
[[policy.criteria]]
id = "courier"
expression = 'member.trade == "COURIER"'
text = { zh = "仅限快递员领取", en = "For couriers only" }
"""


def generate(proto: pathlib.Path, out: str) -> None:
    """Generates the stubs into a folder and makes them importable."""
    files = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = [f"-I{proto}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    assert protoc.main(["protoc", *arguments, *files]) == 0, "the protos do not compile"
    sys.path.insert(0, out)


def read_said(path: pathlib.Path) -> tuple[str, dict[str, str]]:
    """The address and the tokens by role, as `zhisong up` printed them."""
    first, *lines = path.read_text().splitlines()
    address = re.search(r"serving gRPC at (\S+);", first)
    assert address, f"no address in {first!r}"
    return address[1], dict(line.split(" ", 1) for line in lines if " " in line)


def module(package: str, file: str):
    """The messages of a proto file."""
    return importlib.import_module(f"zhisong.{package}.v1.{file}_pb2")


def stub(channel: grpc.Channel, package: str, service: str):
    """A client of a service, as `CheckoutService`."""
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", service).lower()
    generated = importlib.import_module(f"zhisong.{package}.v1.{file}_pb2_grpc")
    return getattr(generated, f"{service}Stub")(channel)


class Refusal:
    """A refused call, taken apart by google.rpc."""

    def __init__(self, error: grpc.RpcError):
        self.code = error.code()
        status = status_pb2.Status()
        trailers = dict(error.trailing_metadata())
        status.ParseFromString(trailers["grpc-status-details-bin"])
        self.texts = {}
        self.quota = None
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            text = error_details_pb2.LocalizedMessage()
            quota = error_details_pb2.QuotaFailure()
            if detail.Unpack(info):
                self.reason, self.domain, self.metadata = info.reason, info.domain, info.metadata
            elif detail.Unpack(text):
                self.texts[text.locale] = text.message
            elif detail.Unpack(quota):
                self.quota = quota.violations[0].subject


def refused(call, request, metadata) -> Refusal:
    """Makes a call that must be refused."""
    try:
        answer = call(request, metadata=metadata)
    except grpc.RpcError as error:
        return Refusal(error)
    raise AssertionError(f"was not refused: {answer}")


def said(step: str) -> None:
    print(f"ok: {step}", flush=True)


def expected_services(proto: pathlib.Path) -> set[str]:
    """The services that the protos declare."""
    services = set()
    for path in proto.rglob("*.proto"):
        text = path.read_text()
        package = re.search(r"^package (\S+);", text, re.MULTILINE)[1]
        found = re.findall(r"^service (\w+) \{", text, re.MULTILINE)
        services |= {f"{package}.{name}" for name in found}
    return services


def check_reflection(channel: grpc.Channel, proto: pathlib.Path) -> None:
    listed = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    public = {name for name in listed if name.startswith("grpc.")}
    assert listed - public == expected_services(proto), listed
    assert "grpc.health.v1.Health" in public, public
    said(f"reflection lists the {len(listed - public)} services of the protos")


class Play:
    """One day of one voucher, step by step."""

    def __init__(self, channel: grpc.Channel, tokens: dict[str, str]):
        self.channel = channel
        self.roles = {
            role: (("authorization", f"Bearer {token}"),) for role, token in tokens.items()
        }

    def set_time(self, rfc3339: str) -> None:
        clock = module("common", "clock_service")
        now = timestamp_pb2.Timestamp()
        now.FromJsonString(rfc3339)
        service = stub(self.channel, "common", "ClockService")
        service.SetTime(clock.SetTimeRequest(now=now), metadata=self.roles["ops"])

    def check_callers(self) -> None:
        clock = module("common", "clock_service")
        service = stub(self.channel, "common", "ClockService")
        found = refused(service.GetTime, clock.GetTimeRequest(), ())
        assert (found.code, found.reason) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "TOKEN_MISSING",
        ), vars(found)
        found = refused(service.GetTime, clock.GetTimeRequest(), self.roles["member-app"])
        assert found.code == grpc.StatusCode.PERMISSION_DENIED, found.code
        assert found.reason == "SCOPE_MISSING" and found.metadata["scope"] == "ops.clock"
        said("a call without a token and one without the scope are refused")

    def make_registry(self) -> list[str]:
        office = self.roles["union-office"]
        wire = module("eligibility", "registry_service")
        service = stub(self.channel, "eligibility", "RegistryService")
        unions = [("gd", "440000", "广东省总工会"), ("gd/guangzhou", "440100", "广州市总工会")]
        for path, region_code, name in unions:
            union = wire.Organization(path=path, region_code=region_code, name=name)
            service.CreateOrganization(
                wire.CreateOrganizationRequest(organization=union), metadata=office
            )
        # Published test vectors of GB 11643: nobody's numbers.
        numbers = ["11010519491231002X", "440524188001010014", "110105194912310021"]
        trades = ["快递员", "COURIER", "COURIER"]
        rows = [
            wire.RosterRow(line=at + 2, name="张三", id_number=number, trade=trade, region="440103")
            for at, (number, trade) in enumerate(zip(numbers, trades))
        ]

        def messages():
            header = wire.RosterHeader(import_id="python-roster", organization="gd/guangzhou")
            yield wire.ImportRosterRequest(header=header)
            yield wire.ImportRosterRequest(rows=wire.RosterRows(rows=rows))

        report = service.ImportRoster(messages(), metadata=office).roster_import
        assert (report.added, report.bad) == (2, 1), report
        assert [problem.line for problem in report.problems] == [4], report
        listed = service.ListMembers(wire.ListMembersRequest(below="gd"), metadata=office)
        members = [member.member_id for member in listed.members]
        assert len(members) == 2 and all(name.startswith("mem_") for name in members), members
        said("two unions, and a roster of two members and one bad row")
        return members

    def open_campaign(self) -> None:
        office = self.roles["union-office"]
        wire = module("eligibility", "policy_service")
        criterion = wire.Criterion(
            criterion_id="courier",
            expression='member.trade == "COURIER"',
            text_zh="仅限快递员领取",
            text_en="For couriers only",
        )
        request = wire.PublishPolicyRequest(
            policy_id="couriers", organization="gd", criteria=[criterion]
        )
        service = stub(self.channel, "eligibility", "PolicyService")
        assert service.PublishPolicy(request, metadata=office).policy.revision == 1
        wire = module("issuance", "campaign_service")
        service = stub(self.channel, "issuance", "CampaignService")
        apply = wire.ApplyCampaignRequest(request_id="py-apply", programme_toml=PROGRAMME)
        campaign = service.ApplyCampaign(apply, metadata=office).campaign
        assert campaign.state == wire.Campaign.STATE_DRAFT, campaign
        activate = wire.ActivateCampaignRequest(request_id="py-activate", campaign_id=CAMPAIGN)
        campaign = service.ActivateCampaign(activate, metadata=office).campaign
        assert campaign.state == wire.Campaign.STATE_ACTIVE, campaign
        said("a policy, and a campaign that is active")

    def claim(self, member: str) -> str:
        app = self.roles["member-app"]
        wire = module("issuance", "issuance_service")
        service = stub(self.channel, "issuance", "IssuanceService")

        def request(request_id: str):
            return wire.ClaimRequest(
                request_id=request_id, campaign_id=CAMPAIGN, member_id=member
            )

        early = refused(service.Claim, request("py-claim"), app)
        assert early.reason == "OUTSIDE_CLAIM_HOURS", early.reason
        assert early.metadata["opens_at"] == TEN_O_CLOCK, early.metadata
        self.set_time(TEN_O_CLOCK)
        voucher = service.Claim(request("py-claim"), metadata=app).voucher
        assert (voucher.serial, voucher.stock_period) == (1, f"day:{DAY}"), voucher
        assert voucher.terms.amount_off.amount_fen == 299, voucher
        again = service.Claim(request("py-claim"), metadata=app).voucher
        assert again == voucher, "a retry gets the same voucher"
        second = refused(service.Claim, request("py-second"), app)
        assert second.code == grpc.StatusCode.FAILED_PRECONDITION, second.code
        assert (second.reason, second.domain) == ("PERSON_LIMIT_REACHED", "zhisong"), second.reason
        assert second.metadata["limit"] == "1", second.metadata
        assert second.metadata["resets_at"] == "2022-07-23T02:00:00Z", second.metadata
        assert second.quota == f"campaign:{CAMPAIGN}", second.quota
        assert set(second.texts) == {"zh-CN", "en"} and all(second.texts.values()), second.texts
        said(f"claimed {voucher.voucher_id} at ten, once: {second.texts['zh-CN']}")
        return voucher.voucher_id

    def redeem(self, member: str, voucher: str) -> None:
        platform = self.roles["payment-platform"]
        wire = module("redemption", "checkout_service")
        reference = module("eligibility", "member").MemberReference(member_id=member)
        service = stub(self.channel, "redemption", "CheckoutService")

        def order(amount_fen: int):
            line = wire.OrderLine(category="cold-drink", amount_fen=amount_fen)
            shop = wire.Shop(shop_id="shop-1", region_code="440103")
            return wire.Order(order_number="py-order", lines=[line], shop=shop)

        quoted = service.Quote(
            wire.QuoteRequest(member=reference, order=order(300)), metadata=platform
        )
        assert (quoted.discount_fen, quoted.payable_fen) == (299, 1), quoted
        cheap = service.Quote(
            wire.QuoteRequest(member=reference, order=order(299)), metadata=platform
        )
        assert cheap.discount_fen == 0, cheap
        assert [unused.reason for unused in cheap.unused] == ["BELOW_THRESHOLD"], cheap
        authorize = wire.AuthorizeRequest(
            request_id="py-authorize", member=reference, order=order(300)
        )
        held = service.Authorize(authorize, metadata=platform).authorization
        assert held.state == wire.Authorization.STATE_HELD, held
        assert [applied.voucher_id for applied in held.vouchers] == [voucher], held
        name = held.authorization_id
        capture = wire.CaptureRequest(request_id="py-capture", authorization_id=name)
        captured = service.Capture(capture, metadata=platform).authorization
        assert captured.state == wire.Authorization.STATE_CAPTURED, captured
        assert captured.captured_on == DAY, captured
        got = service.GetAuthorization(
            wire.GetAuthorizationRequest(order_number="py-order"), metadata=platform
        ).authorization
        assert got == captured, got
        refund = wire.RefundRequest(request_id="py-refund", authorization_id=name)
        refunded = service.Refund(refund, metadata=platform)
        assert refunded.authorization.state == wire.Authorization.STATE_REFUNDED, refunded
        assert refunded.right_returned, refunded
        said("quoted, authorized, captured, read and refunded: pays 0.01 of 3.00")

    def put_webhook(self, receiver: Receiver) -> None:
        wire = module("redemption", "webhook_service")
        service = stub(self.channel, "redemption", "WebhookService")
        request = wire.PutWebhookRequest(webhook_id="python", url=receiver.url)
        made = service.PutWebhook(request, metadata=self.roles["payment-platform"])
        receiver.secret = made.secret
        assert made.webhook.state == wire.Webhook.STATE_ACTIVE, made

    def receive(self, receiver: Receiver) -> None:
        events = [receiver.next() for _ in range(3)]
        kinds = [event["type"].removeprefix("zhisong.authorization.") for event in events]
        assert kinds == ["held.v1", "captured.v1", "refunded.v1"], kinds
        assert [event["id"] for event in events] == ["1", "2", "3"], events
        assert {event["source"] for event in events} == {"zhisong/redemption/payment-platform"}
        held, captured, refunded = (event["data"] for event in events)
        assert held["discountFen"] == "299", held
        states = [data["state"] for data in (held, captured, refunded)]
        assert states == ["STATE_HELD", "STATE_CAPTURED", "STATE_REFUNDED"], states
        said("three events came by webhook, over TLS, in order and signed")

    def read_wallet(self, member: str) -> list[tuple[str, int]]:
        """The vouchers of a wallet and their states."""
        wire = module("redemption", "wallet_service")
        service = stub(self.channel, "redemption", "WalletService")
        request = wire.ListWalletVouchersRequest(member_id=member)
        answer = service.ListWalletVouchers(request, metadata=self.roles["member-app"])
        return [(own.voucher_id, own.state) for own in answer.vouchers]

    def await_wallet(self, member: str, voucher: str) -> None:
        """The feed brings a voucher within moments of its issue; a minute would be never."""
        available = module("redemption", "wallet_service").WalletVoucher.STATE_AVAILABLE
        limit = time.monotonic() + 60
        while self.read_wallet(member) != [(voucher, available)]:
            assert time.monotonic() < limit, self.read_wallet(member)
        said("the wallet shows the voucher")

    def settle(self) -> None:
        wire = module("redemption", "settlement_service")
        service = stub(self.channel, "redemption", "SettlementService")
        platform = self.roles["payment-platform"]
        statement = wire.GetStatementRequest(business_day=DAY)
        # A stream is refused when it is read.
        read = lambda request, metadata: list(service.GetStatement(request, metadata=metadata))
        open_still = refused(read, statement, platform)
        assert open_still.reason == "DAY_NOT_CLOSED", open_still.reason
        self.set_time(AFTER_MIDNIGHT)
        # The service closes the day by itself too; whoever comes first, it is closed now.
        closed = service.CloseDays(wire.CloseDaysRequest(), metadata=self.roles["ops"]).closed
        assert list(closed) in ([], [DAY]), closed
        totals = service.GetDailyTotals(
            wire.GetDailyTotalsRequest(business_day=DAY), metadata=platform
        )
        assert totals.closed, totals
        [total] = totals.totals
        figures = (total.captures, total.captured_fen, total.refunds, total.refunded_fen)
        assert figures == (1, 299, 1, 299), total
        first, *pieces = service.GetStatement(statement, metadata=platform)
        head, csv = first.head, b"".join(piece.csv for piece in pieces)
        assert hashlib.sha256(csv).digest() == head.sha256, "not the file that was closed"
        assert (head.rows, head.due_fen, head.platform) == (2, 0, "payment-platform"), head
        assert csv.count(b"\n") == head.rows + 1, csv
        said(f"the day is closed: {head.rows} rows, sha256 {head.sha256.hex()[:16]}…")


def main() -> None:
    said_file, proto, tls = map(pathlib.Path, sys.argv[1:4])
    address, tokens = read_said(said_file)
    with tempfile.TemporaryDirectory() as out, grpc.insecure_channel(address) as channel:
        generate(proto, out)
        said("stubs generated from the protos")
        check_reflection(channel, proto)
        play = Play(channel, tokens)
        play.check_callers()
        [member, _] = play.make_registry()
        play.open_campaign()
        voucher = play.claim(member)
        play.await_wallet(member, voucher)
        receiver = Receiver(tls / "server.pem", tls / "server.key")
        play.put_webhook(receiver)
        play.redeem(member, voucher)
        play.receive(receiver)
        play.await_wallet(member, voucher)
        play.settle()
    print("all of it holds")


if __name__ == "__main__":
    main()
