"""The chains behind the RPC routes: one node for each, which knows its chain id and the time."""

from hashlib import sha256

from eliza_cloud.emulator.server.clock import Clock
from eliza_cloud.emulator.server.responses import to_json

# Chain → numbers of its main and its test network; Solana has none.
CHAINS: dict[str, tuple[int, int]] = {
    "ethereum": (1, 11_155_111),
    "polygon": (137, 80_002),
    "arbitrum": (42_161, 421_614),
    "optimism": (10, 11_155_420),
    "base": (8453, 84_532),
    "zksync": (324, 300),
    "avalanche": (43_114, 43_113),
    "solana": (0, 0),
}
NETWORKS = ("mainnet", "testnet")

# The names of the older route.
EVM_NAMES: dict[str, int] = {
    "mainnet": 1,
    "sepolia": 11_155_111,
    "base": 8453,
    "base-sepolia": 84_532,
    "polygon": 137,
    "polygon-amoy": 80_002,
    "arbitrum": 42_161,
    "arbitrum-sepolia": 421_614,
    "optimism": 10,
    "optimism-sepolia": 11_155_420,
    "avalanche": 43_114,
    "avalanche-fuji": 43_113,
    "zksync": 324,
    "zksync-sepolia": 300,
    "bsc": 56,
    "bsc-testnet": 97,
    "linea": 59_144,
    "scroll": 534_352,
    "gnosis": 100,
    "celo": 42_220,
}

EVM_METHODS = frozenset(
    {"web3_clientVersion", "net_version"}
    | {
        f"eth_{name}"
        for name in (
            *("blockNumber", "call", "chainId", "estimateGas", "feeHistory", "gasPrice", "getBalance"),
            *("getBlockByHash", "getBlockByNumber", "getCode", "getLogs", "getStorageAt"),
            *("getTransactionByHash", "getTransactionCount", "getTransactionReceipt"),
            *("maxPriorityFeePerGas", "sendRawTransaction", "syncing"),
        )
    }
)
SOLANA_METHODS = frozenset(
    {
        *(
            "getAccountInfo",
            "getBalance",
            "getBlockHeight",
            "getGenesisHash",
            "getHealth",
            "getLatestBlockhash",
        ),
        *("getSignatureStatuses", "getSignaturesForAddress", "getSlot", "getTokenAccountsByOwner"),
        *("getTransaction", "getVersion", "sendTransaction", "simulateTransaction"),
    }
)
_BLOCK_SECONDS = 12


def _result(clock: Clock, number: int, method: str, params: object) -> object:
    block = int(clock.time()) // _BLOCK_SECONDS
    match method:
        case "eth_chainId":
            return hex(number)
        case "net_version":
            return str(number)
        case "eth_blockNumber":
            return hex(block)
        case "getSlot" | "getBlockHeight":
            return block
        case "getHealth":
            return "ok"
        case _:
            return "0x" + sha256(f"{number} {method} {to_json(params)}".encode()).hexdigest()


def reply(clock: Clock, number: int, call: dict[str, object]) -> dict[str, object]:
    """What the node of this chain answers to one JSON-RPC call."""
    head = {"jsonrpc": "2.0", "id": call.get("id")}
    return {**head, "result": _result(clock, number, str(call["method"]), call.get("params", []))}
