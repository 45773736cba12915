"""AWS's rules for what a fault changes and takes back, where moto lets everything pass or knows no such error.

`launcher.py` installs this.
"""

from __future__ import annotations

from collections.abc import Callable

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.ec2.exceptions import EC2ClientError, InvalidVolumeIdError, InvalidVPCIdError, VolumeInUseError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.elbv2.models import FakeTargetGroup


def group_of(backend: AutoScalingBackend, name: str) -> FakeAutoScalingGroup:
    if name not in backend.autoscaling_groups:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup {name} not found")
    return backend.autoscaling_groups[name]


def members_in(group: FakeAutoScalingGroup, ids: list[str], lifecycles: tuple[str, ...]) -> None:
    by_id = {member.instance.id: member for member in group.instance_states}
    for instance_id in ids:
        if instance_id not in by_id:
            raise ValidationError(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        found = by_id[instance_id].lifecycle_state
        if found not in lifecycles:
            raise ValidationError(f"The instance {instance_id} is not in {' or '.join(lifecycles)}: it is {found}.")


def sizes_allow(group: FakeAutoScalingGroup, change: int) -> None:
    wanted = (group.desired_capacity or 0) + change
    if not (group.min_size or 0) <= wanted <= (group.max_size or 0):
        raise ValidationError(
            f"AutoScalingGroup {group.name} has min-size={group.min_size}, max-size={group.max_size}, and"
            f" desired-size={group.desired_capacity}. Please update the AutoScalingGroup sizes appropriately."
        )


def install() -> None:
    enter, leave = AutoScalingBackend.enter_standby_instances, AutoScalingBackend.exit_standby_instances
    detach, attach = AutoScalingBackend.detach_instances, AutoScalingBackend.attach_instances
    attach_volume, create_group = EC2Backend.attach_volume, EC2Backend.create_security_group
    modify_interface = EC2Backend.modify_network_interface_attribute
    group_set = NetworkInterface.group_set.fget
    deregister = FakeTargetGroup.deregister

    def enter_standby(self: AutoScalingBackend, name: str, ids: list[str], decrement: bool) -> list:
        group = group_of(self, name)
        members_in(group, ids, ("InService",))
        if decrement:
            sizes_allow(group, -len(ids))
        return enter(self, name, ids, decrement)

    def exit_standby(self: AutoScalingBackend, name: str, ids: list[str]) -> list:
        group = group_of(self, name)
        members_in(group, ids, ("Standby",))
        sizes_allow(group, len(ids))
        return leave(self, name, ids)

    def detach_instances(self: AutoScalingBackend, name: str, ids: list[str], decrement: bool) -> list:
        group = group_of(self, name)
        members_in(group, ids, ("InService", "Standby"))
        if decrement:
            sizes_allow(group, -len(ids))
        return detach(self, name, ids, decrement)

    def attach_instances(self: AutoScalingBackend, name: str, ids: list[str]) -> None:
        group = group_of(self, name)
        for instance_id in ids:
            instance = self.ec2_backend.get_instance_by_id(instance_id)
            if instance is None or instance.state != "running":
                raise ValidationError(f"Invalid Instance ID(s): [{instance_id}] specified")
            taken = [
                other.name
                for other in self.autoscaling_groups.values()
                if any(member.instance.id == instance_id for member in other.instance_states)
            ]
            if taken:
                raise ValidationError(f"Instance {instance_id} is already part of AutoScalingGroup:{taken[0]}")
        sizes_allow(group, len(ids))
        wanted = (group.desired_capacity or 0) + len(ids)
        attach(self, name, ids)
        # moto counts who is in standby as desired.
        group.desired_capacity = wanted

    def of_known_group(original: Callable) -> Callable:
        def change(self: AutoScalingBackend, name: str, processes: list[str]) -> None:
            group_of(self, name)
            original(self, name, processes)

        return change

    def attach_free_volume(self: EC2Backend, volume_id: str, instance_id: str, *more: object, **named: object) -> object:
        """moto attaches a volume to a second instance, and to one that has ended."""
        if volume_id not in self.volumes:
            raise InvalidVolumeIdError(volume_id)
        attachment = self.volumes[volume_id].attachment
        if attachment:
            raise VolumeInUseError(volume_id, attachment.instance.id)
        instance = self.get_instance(instance_id)
        if instance.state not in ("running", "stopped", "pending"):
            raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running'.")
        return attach_volume(self, volume_id, instance_id, *more, **named)

    def of_what_lives(original: Callable) -> Callable:
        """moto stops and starts what has been terminated."""

        def change(self: EC2Backend, instance_ids: list[str]) -> list:
            for instance in self.get_multi_instances_by_id(instance_ids):
                if instance.state in ("shutting-down", "terminated"):
                    raise EC2ClientError(
                        "IncorrectInstanceState",
                        f"The instance '{instance.id}' is not in a state from which it can be stopped or started.",
                    )
            return original(self, instance_ids)

        return change

    def set_groups(self: EC2Backend, eni_id: str, group_ids: list[str], *more: object) -> None:
        """moto shows an interface with the groups of its launch for ever."""
        modify_interface(self, eni_id, group_ids, *more)
        if group_ids:
            self.enis[eni_id].simian_groups = True

    def groups_as_set(self: NetworkInterface) -> object:
        return self._group_set if self.__dict__.get("simian_groups") else group_set(self)

    def group_in_network(self: EC2Backend, name: str, description: str, vpc_id: str | None = None, **more: object) -> object:
        if vpc_id and vpc_id not in self.vpcs:
            raise InvalidVPCIdError(vpc_id)
        return create_group(self, name, description, vpc_id, **more)

    def deregister_again(self: FakeTargetGroup, targets: list[dict]) -> None:
        """By port, and "if the specified target does not exist, the action returns successfully"."""
        deregister(self, [target for target in targets if is_registered(self, target)])

    def is_registered(group: FakeTargetGroup, target: dict) -> bool:
        found = group.targets.get(target["Id"])
        return found is not None and str(target.get("Port", found["Port"])) == str(found["Port"])

    AutoScalingBackend.enter_standby_instances = enter_standby
    AutoScalingBackend.exit_standby_instances = exit_standby
    AutoScalingBackend.detach_instances = detach_instances
    AutoScalingBackend.attach_instances = attach_instances
    AutoScalingBackend.suspend_processes = of_known_group(AutoScalingBackend.suspend_processes)
    AutoScalingBackend.resume_processes = of_known_group(AutoScalingBackend.resume_processes)
    EC2Backend.attach_volume = attach_free_volume
    EC2Backend.create_security_group = group_in_network
    EC2Backend.start_instances = of_what_lives(EC2Backend.start_instances)
    EC2Backend.stop_instances = of_what_lives(EC2Backend.stop_instances)
    EC2Backend.modify_network_interface_attribute = set_groups
    NetworkInterface.group_set = property(groups_as_set)
    FakeTargetGroup.deregister = deregister_again
