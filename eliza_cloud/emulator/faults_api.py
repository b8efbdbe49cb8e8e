"""`/emulator/faults`: script faults, see how often they struck, take them back."""

from aiohttp import web

from eliza_cloud.emulator import issues
from eliza_cloud.emulator.answers import answer, refusal
from eliza_cloud.emulator.control_api import body_of
from eliza_cloud.emulator.fault_plan import FAULTS, KINDS, Fault

routes = web.RouteTableDef()


def _anything(_value: object, _path: issues.Path) -> list[issues.Issue]:
    return []


def _shown(fault: Fault) -> dict[str, object]:
    return {
        "id": fault.id,
        "path": fault.path,
        "method": fault.method,
        "fault": fault.fault,
        "count": fault.count,
        "skip": fault.skip,
        "after": fault.after,
        "used": fault.used,
    }


@routes.post("/emulator/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Script a fault for calls whose path matches the pattern; the answer's `id` names it."""
    body = await body_of(
        request,
        path=issues.string(1),
        fault=issues.one_of(*KINDS),
        method=issues.optional(issues.string(1)),
        seconds=issues.optional(issues.number(0)),
        status=issues.optional(issues.number(200, 599)),
        body=issues.optional(_anything),
        headers=issues.optional(issues.record(issues.string())),
        location=issues.optional(issues.string(1)),
        count=issues.optional(issues.number(1)),
        skip=issues.optional(issues.number(0)),
        after=issues.optional(issues.boolean),
    )
    plan = request.app[FAULTS]
    # The keys are exactly the fault's own, each checked above.
    fault = Fault(id=plan.next_id(), **body)  # type: ignore[arg-type]  # checked one by one above
    if fault.method is not None:
        fault.method = fault.method.upper()
    plan.add(fault)
    return answer({"success": True, "id": fault.id, "data": _shown(fault)}, 201)


@routes.get("/emulator/faults")
async def list_faults(request: web.Request) -> web.Response:
    """All scripted faults with the number of calls each has met."""
    return answer({"success": True, "data": [_shown(fault) for fault in request.app[FAULTS].faults]})


@routes.delete("/emulator/faults")
@routes.delete("/emulator/faults/{fault_id}")
async def clear_faults(request: web.Request) -> web.Response:
    """Take one fault back, or all of them."""
    fault_id = request.match_info.get("fault_id")
    cleared = request.app[FAULTS].clear(fault_id)
    if fault_id is not None and not cleared:
        raise refusal(404, "There is no such fault.")
    return answer({"success": True, "cleared": cleared})
