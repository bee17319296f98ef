"""What commands keep of Ansible's inventory: `host_vars/SITE/cameras.yml`, the name and cameras of a site.

Passwords are never in it, only the names of the variables of a vault that hold them.
"""
