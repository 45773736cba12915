"""What an account holds beside its groups: pages, and AWS's rules for what is in use.

`launcher.py` installs this. moto answers every list of EC2 at once, and deletes whatever it is told to.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, autoscaling_backends
from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidAMIIdError,
    InvalidLaunchTemplateIdNotFound,
    InvalidLaunchTemplateVersionNotFound,
    InvalidNetworkInterfaceIdError,
    InvalidSecurityGroupNotFoundError,
)
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.key_pairs import KeyPairs
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets
from moto.elb import elb_backends
from moto.elbv2 import elbv2_backends
from moto.elbv2.exceptions import LoadBalancerNotFoundError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend
from moto.elbv2.responses import ELBV2Response
from moto.logs import logs_backends
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogsBackend
from moto.ssm import ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse

# The smallest and the largest page of each list, and its parameter of ids, which cannot be joined with a page size
# (botocore's model of EC2, and its API reference where that has no bounds).
LISTS = (
    (ElasticBlockStore, "describe_volumes", "Volumes", "VolumeIds", 5, 1000),
    (ElasticBlockStore, "describe_snapshots", "Snapshots", "SnapshotIds", 5, 1000),
    (AmisResponse, "describe_images", "Images", "ImageIds", 1, 1000),
    (ElasticNetworkInterfaces, "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceIds", 5, 1000),
    (SecurityGroups, "describe_security_groups", "SecurityGroups", None, 5, 1000),
    (NatGateways, "describe_nat_gateways", "NatGateways", None, 5, 1000),
    (RouteTables, "describe_route_tables", "RouteTables", None, 5, 100),
    (Subnets, "describe_subnets", "Subnets", None, 5, 1000),
    (LaunchTemplates, "describe_launch_templates", "LaunchTemplates", None, 1, 200),
    (LaunchTemplates, "describe_launch_template_versions", "LaunchTemplateVersions", None, 1, 200),
)
EVERYTHING = 1_000_000
PARAMETERS_PAGE_LIMIT = 50
TARGET_GROUPS_PAGE_LIMIT = 400


def install(page_token: Callable[[str, str], str], read_token: Callable[[str, str], str | None]) -> None:
    def cut(kind: str, items: list, token: str | None, size: int | None) -> tuple[list, str | None] | None:
        """A page of a list, or None for a token that nobody gave out. Its tokens are places in it."""
        start = read_token(kind, token) if token else "0"
        if start is None:
            return None
        end = int(start) + (size or len(items))
        return items[int(start) : end], page_token(kind, str(end)) if end < len(items) else None

    def paged(original: Callable, key: str, ids: str | None, least: int, most: int) -> Callable:
        def describe(self: object) -> ActionResult:
            size = self._get_int_param("MaxResults")
            if size is not None and not least <= size <= most:
                raise EC2ClientError("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid.")
            if size is not None and ids and self._get_param(ids, []):
                raise EC2ClientError("InvalidParameterCombination", f"{ids} cannot be used with maxResults")
            # Some lists are cut to the page's size inside, without a token for the rest.
            read = self._get_int_param
            self._get_int_param = lambda name, *rest: EVERYTHING if name == "MaxResults" else read(name, *rest)
            try:
                answer = dict(original(self).result)
            finally:
                del self._get_int_param
            page = cut(key, list(answer[key]), self._get_param("NextToken"), size)
            if page is None:
                raise EC2ClientError("InvalidNextToken", "The token is invalid")
            answer[key], answer["NextToken"] = page
            return ActionResult(answer)

        return describe

    def describe_target_groups(self: ELBV2Response) -> ActionResult:
        found = list(groups_at_once(self).result["TargetGroups"])
        size = self._get_int_param("PageSize", TARGET_GROUPS_PAGE_LIMIT)
        page, more = cut("target-groups", found, self._get_param("Marker"), size)
        return ActionResult({"TargetGroups": page, "NextMarker": more})

    def describe_parameters(self: SimpleSystemManagerResponse) -> ActionResult:
        """moto always answers ten, whatever is asked for."""
        found = self.ssm_backend.describe_parameters(self._get_param("Filters"), self._get_param("ParameterFilters"))
        size = min(self._get_param("MaxResults") or 10, PARAMETERS_PAGE_LIMIT)
        page, more = cut("parameters", found, self._get_param("NextToken"), size)
        shown = [parameter.describe_response_object(False) for parameter in page]
        return ActionResult({"Parameters": shown} | ({"NextToken": more} if more else {}))

    groups_at_once = ELBV2Response.describe_target_groups
    snapshots_of_all, images_of_all = EC2Backend.describe_snapshots, AmisResponse.describe_images

    def describe_snapshots(self: ElasticBlockStore) -> ActionResult:
        """moto reads neither the owners nor who may restore one."""
        owners = [self.current_account if one == "self" else one for one in self._get_param("OwnerIds", [])]
        who = self._get_param("RestorableByUserIds", [])
        found = snapshots_of_all(self.ec2_backend, self._get_param("SnapshotIds", []), self._filters_from_querystring())
        found = [one for one in found if not owners or one.owner_id in owners]
        if who:
            found = [
                one
                for one in found
                if set(who) & (one.create_volume_permission_groups | one.create_volume_permission_userids)
            ]
        return ActionResult({"Snapshots": found})

    def describe_images(self: AmisResponse) -> ActionResult:
        """Who does not ask for disabled images does not see them."""
        found = images_of_all(self).result["Images"]
        shown = self._get_bool_param("IncludeDisabled", False)
        return ActionResult({"Images": [image for image in found if shown or image.state != "disabled"]})

    told_reason = Instance.state_transition_reason.fget
    Instance.state_transition_reason = property(lambda self: (told_reason(self) or "").replace(" UTC)", " GMT)"))
    ElasticBlockStore.describe_snapshots = describe_snapshots
    AmisResponse.describe_images = describe_images
    for owner, name, key, ids, least, most in LISTS:
        setattr(owner, name, paged(getattr(owner, name), key, ids, least, most))
    ELBV2Response.describe_target_groups = describe_target_groups
    SimpleSystemManagerResponse.describe_parameters = describe_parameters
    install_rules()


def install_rules() -> None:
    """What AWS refuses, and how it says what is gone."""
    delete_group, delete_interface = EC2Backend.delete_security_group, EC2Backend.delete_network_interface
    release, delete_nat = EC2Backend.release_address, EC2Backend.delete_nat_gateway
    delete_template, image_attribute = EC2Backend.delete_launch_template, EC2Backend.describe_image_attribute
    delete_scaling_group = AutoScalingBackend.delete_auto_scaling_group
    delete_configuration = AutoScalingBackend.delete_launch_configuration
    describe_tags, list_log_tags = ELBv2Backend.describe_tags, LogsBackend.list_tags_for_resource
    tag_log, untag_log = LogsBackend.tag_resource, LogsBackend.untag_resource

    def delete_security_group(self: EC2Backend, name: str | None = None, group_id: str | None = None) -> None:
        """Refused while an interface or another group's rule names it, and always for a VPC's default group."""
        groups = {one.id: one for of_vpc in self.groups.values() for one in of_vpc.values()}
        if group_id is not None and group_id not in groups:
            raise InvalidSecurityGroupNotFoundError(group_id)
        if group_id is not None:
            if groups[group_id].name == "default":
                raise EC2ClientError("CannotDelete", f"the specified group: \"{group_id}\" cannot be deleted by a user")
            named = any(
                rule.source_group.get("GroupId") == group_id
                for other in groups.values()
                if other.id != group_id
                for rule in itertools.chain(other.ingress_rules, other.egress_rules)
            )
            if named or any(group_id in (one.id for one in eni.group_set) for eni in self.enis.values()):
                raise EC2ClientError("DependencyViolation", f"resource {group_id} has a dependent object")
        delete_group(self, name, group_id)

    def delete_network_interface(self: EC2Backend, eni_id: str) -> None:
        eni = self.enis.get(eni_id)
        if eni is None:
            raise InvalidNetworkInterfaceIdError(eni_id)
        if eni.status == "in-use" or eni.instance:
            raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
        delete_interface(self, eni_id)

    def release_address(self: EC2Backend, address: str | None = None, allocation_id: str | None = None) -> None:
        """moto takes it away from whoever has it."""
        if allocation_id and self.address_by_allocation([allocation_id])[0].association_id:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {allocation_id} is in use.")
        release(self, address, allocation_id)

    def delete_nat_gateway(self: EC2Backend, nat_gateway_id: str) -> object:
        if nat_gateway_id not in self.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
        return delete_nat(self, nat_gateway_id)

    def delete_key_pair(self: KeyPairs) -> ActionResult:
        """By id too. One that is gone is no error."""
        key_id = self._get_param("KeyPairId")
        pairs = self.ec2_backend.key_pairs.items()
        name = self._get_param("KeyName") or next((name for name, pair in pairs if pair.id == key_id), "")
        pair = self.ec2_backend.delete_key_pair(name)
        return ActionResult({"Return": True, "KeyPairId": pair.id if pair else None})

    def delete_launch_template(self: EC2Backend, name: str, tid: str | None) -> object:
        if tid is not None and tid not in self.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(tid)
        return delete_template(self, name, tid)

    def describe_image_attribute(self: EC2Backend, ami_id: str, attribute_name: str) -> object:
        if ami_id not in self.amis:
            raise InvalidAMIIdError(ami_id)
        return image_attribute(self, ami_id, attribute_name)

    def delete_auto_scaling_group(self: AutoScalingBackend, group_name: str) -> None:
        """moto ends the members with it, forced or not."""
        group = self.autoscaling_groups.get(group_name)
        if group is not None and group.instance_states:
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
                " still in the group.",
            )
        delete_scaling_group(self, group_name)

    def delete_launch_configuration(self: AutoScalingBackend, name: str) -> None:
        if name not in self.launch_configurations:
            raise ValidationError(f"Launch configuration name not found - Launch configuration {name} not found")
        users = [one.name for one in self.autoscaling_groups.values() if getattr(one, "launch_configuration_name", "") == name]
        if users:
            message = f"Cannot delete launch configuration {name} because it is attached to AutoScalingGroup {users[0]}"
            raise AutoscalingClientError("ResourceInUse", message)
        delete_configuration(self, name)

    def tags_of_balancers(self: ELBv2Backend, resource_arns: list[str]) -> dict:
        """moto has no tags for what there is not, and no error."""
        for arn in resource_arns:
            if ":targetgroup/" in arn and arn not in self.target_groups:
                raise TargetGroupNotFoundError()
            if ":loadbalancer/" in arn and arn not in self.load_balancers:
                raise LoadBalancerNotFoundError()
        return describe_tags(self, resource_arns)

    def for_a_log_group(original: Callable) -> Callable:
        """Tags are kept by ARN, and moto does not ask whether there is such a thing."""

        def answer(self: LogsBackend, arn: str, *args: object) -> object:
            name = re.sub(r"^arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:", "", arn)
            if name not in self.groups:
                raise ResourceNotFoundException()
            return original(self, arn, *args)

        return answer

    EC2Backend.delete_security_group = delete_security_group
    EC2Backend.delete_network_interface = delete_network_interface
    EC2Backend.release_address = release_address
    EC2Backend.delete_nat_gateway = delete_nat_gateway
    EC2Backend.delete_launch_template = delete_launch_template
    EC2Backend.describe_image_attribute = describe_image_attribute
    KeyPairs.delete_key_pair = delete_key_pair
    AutoScalingBackend.delete_auto_scaling_group = delete_auto_scaling_group
    AutoScalingBackend.delete_launch_configuration = delete_launch_configuration
    ELBv2Backend.describe_tags = tags_of_balancers
    LogsBackend.list_tags_for_resource = lambda self, resource_arn: for_a_log_group(list_log_tags)(self, resource_arn)
    LogsBackend.tag_resource, LogsBackend.untag_resource = map(for_a_log_group, (tag_log, untag_log))
    install_versions()


def install_versions() -> None:
    """Versions of a launch template that can be deleted: moto takes a version's number for its place in a list."""

    def get_version(self: LaunchTemplate, number: object) -> LaunchTemplateVersion:
        if str(number).lower() == "$latest":
            return self.versions[-1]
        wanted = self.default_version_number if str(number).lower() == "$default" else int(str(number))
        found = next((version for version in self.versions if version.number == wanted), None)
        if found is None:
            raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=number)
        return found

    def create_version(self: LaunchTemplate, data: dict, description: str) -> LaunchTemplateVersion:
        number = self.versions[-1].number + 1 if self.versions else 1
        version = LaunchTemplateVersion(self, number, data, description)
        self.versions.append(version)
        return version

    def delete_launch_template_versions(self: LaunchTemplates) -> ActionResult:
        """Not in moto. The default version cannot be deleted."""
        template = self.ec2_backend.get_launch_template(self._get_param("LaunchTemplateId"))
        done: list[dict] = []
        left: list[dict] = []
        for number in map(int, self._get_param("Versions", [])):
            item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
            error = None
            if all(version.number != number for version in template.versions):
                error = {"Code": "launchTemplateVersionDoesNotExist", "Message": f"no version {number}"}
            elif number == template.default_version_number:
                error = {"Code": "unexpectedError", "Message": f"version {number} is the default"}
            else:
                template.versions = [version for version in template.versions if version.number != number]
            (left if error else done).append(item | ({"ResponseError": error} if error else {}))
        return ActionResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": done,
                "UnsuccessfullyDeletedLaunchTemplateVersions": left,
            }
        )

    # moto reads the tags once, when the template is made.
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, tags: None)
    LaunchTemplate.get_version = get_version
    LaunchTemplate.default_version = lambda self: get_version(self, "$default")
    LaunchTemplate.create_version = create_version
    LaunchTemplates.delete_launch_template_versions = delete_launch_template_versions


@dataclasses.dataclass
class ResourceSeed:
    """How many of each to make, in this process: thousands of HTTP calls less."""

    region: str = "us-east-1"
    account: str = "123456789012"
    volumes: int = 0
    snapshots: int = 0  # of one volume
    images: int = 0
    interfaces: int = 0
    security_groups: int = 0
    route_tables: int = 0
    templates: int = 0
    versions: int = 1  # of each template
    configurations: int = 0
    balancers: int = 0
    classic_balancers: int = 0
    target_groups: int = 0
    log_groups: int = 0
    parameters: int = 0  # each names an image of its own
    others: int = 0  # parameters that name none


def seed_resources(order: ResourceSeed) -> dict[str, list[str]]:
    """Makes them; their ids, by kind."""
    account, region = order.account, order.region
    ec2, scaling, logs = (all_of[account][region] for all_of in (ec2_backends, autoscaling_backends, logs_backends))
    balancers, classic, ssm = (all_of[account][region] for all_of in (elbv2_backends, elb_backends, ssm_backends))
    zone = f"{region}a"
    vpc = next(vpc for vpc in ec2.vpcs.values() if vpc.is_default)
    subnets = [subnet.id for subnet in ec2.describe_subnets()][:2]
    made: dict[str, list[str]] = {}

    def make(kind: str, count: int, one: Callable[[int], str]) -> None:
        if count:
            made[kind] = [one(number) for number in range(count)]

    make("volumes", order.volumes, lambda n: ec2.create_volume(8, zone, volume_type="gp3").id)
    source = ec2.create_volume(8, zone).id if order.snapshots else ""
    make("snapshots", order.snapshots, lambda n: ec2.create_snapshot(source, "seeded").id)
    make("images", order.images, lambda n: ec2.register_image(f"image-{n:04}", "seeded").id)
    make("interfaces", order.interfaces, lambda n: ec2.create_network_interface(ec2.get_subnet(subnets[0]), "").id)
    make("security_groups", order.security_groups, lambda n: ec2.create_security_group(f"group-{n:04}", "seeded").id)
    make("route_tables", order.route_tables, lambda n: ec2.create_route_table(vpc.id).id)

    def template(number: int) -> str:
        data = {"ImageId": f"ami-{number:017x}", "InstanceType": "m7g.large"}
        template = ec2.create_launch_template(f"template-{number:04}", "seeded", data, {})
        for _ in range(order.versions - 1):
            template.create_version(data, "seeded")
        return template.id

    def configuration(number: int) -> str:
        name = f"configuration-{number:04}"
        image = f"ami-{number:017x}"
        scaling.create_launch_configuration(
            name, image, None, "", "", [], None, "t3.micro", False, None, None, False, False, []
        )
        return name

    def classic_balancer(number: int) -> str:
        ports = [{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}]
        classic.create_load_balancer(f"classic-{number:04}", [zone], ports)
        return f"classic-{number:04}"

    def target_group(number: int) -> str:
        return balancers.create_target_group(
            f"targets-{number:04}", vpc_id=vpc.id, protocol="HTTP", port=80, target_type="instance"
        ).arn

    def log_group(number: int) -> str:
        logs.create_log_group(f"/seeded/{number:04}", {})
        return f"/seeded/{number:04}"

    def parameter(name: str, value: str) -> str:
        ssm.put_parameter(name, "", value, "String", "", "", False, [], "text", None, None)
        return name

    make("templates", order.templates, template)
    make("configurations", order.configurations, configuration)
    make("balancers", order.balancers, lambda n: balancers.create_load_balancer(f"balancer-{n:04}", [], subnets).arn)
    make("classic_balancers", order.classic_balancers, classic_balancer)
    make("target_groups", order.target_groups, target_group)
    make("log_groups", order.log_groups, log_group)
    make("parameters", order.parameters, lambda n: parameter(f"/images/{n:04}", f"ami-{n:017x}"))
    make("others", order.others, lambda n: parameter(f"other-{n:04}", "42"))
    return made
